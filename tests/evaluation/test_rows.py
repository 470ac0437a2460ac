"""Which row is which tracklet: by order or by a table, in any order; what does not fit is named."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.records import TestTracklets
from reid_cosam.evaluation.rows import FRAMES, PARTS, RowTable, matched, read_rows
from reid_cosam.metrics.testset import TestSet

ROOT = Path("/data")
# By path, the queries lie among the others, and junk lies first.
QUERY = [Tracklet((f"/data/{name}.jpg",), pid, 1) for name, pid in (("c", 1), ("f", 2))]
GALLERY = [Tracklet((f"/data/{name}.jpg",), pid, 2) for name, pid in (("b", 0), ("d", 1), ("e", 2))]
JUNK = [Tracklet((f"/data/{name}.jpg",), -1, 2) for name in ("a", "a2")]
NAMES = ["c.jpg", "f.jpg", "b.jpg", "d.jpg", "e.jpg", "a.jpg", "a2.jpg"]


def made_up() -> TestTracklets:
    return TestTracklets(TestSet.of(QUERY, GALLERY, JUNK), (*QUERY, *GALLERY, *JUNK), ROOT, (64, 32))


def table(folder: Path, names: list[str], **columns: list[object]) -> RowTable:
    path = folder / "rows.csv"
    pd.DataFrame({"first_frame": names, **columns}).to_csv(path, index=False)
    return RowTable(path)


def named(test: TestTracklets) -> list[str]:
    return [one.first_frame(ROOT) for one in test.tracklets]


@pytest.mark.parametrize("num_rows", [7, 5])
def test_rows_are_queries_then_the_gallery_then_junk(num_rows: int) -> None:
    test, rows = matched(made_up(), num_rows, PARTS, "m")

    assert rows.tolist() == list(range(num_rows))
    assert named(test) == NAMES[:num_rows]
    assert test.test_set.num_junk == num_rows - 5
    assert test.queries == tuple(QUERY)


def test_rows_may_be_in_the_order_of_first_frames() -> None:
    by_path = sorted(NAMES)

    test, rows = matched(made_up(), 7, FRAMES, "m")

    assert [by_path[row] for row in rows] == NAMES
    test, rows = matched(made_up(), 5, FRAMES, "m")  # without junk
    assert [sorted(NAMES[:5])[row] for row in rows] == NAMES[:5] == named(test)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kept", [7, 5])
def test_a_table_names_rows_in_any_order(kept: int, seed: int, tmp_path: Path) -> None:
    shuffled = np.random.default_rng(seed).permutation(NAMES[:kept]).tolist()

    test, rows = matched(made_up(), kept, table(tmp_path, shuffled), "m")

    assert [shuffled[row] for row in rows] == NAMES[:kept] == named(test)
    assert test.test_set.num_junk == kept - 5


def test_rows_of_other_tracklets_are_named_and_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["train/x.jpg", *NAMES, "train/y.jpg"]

    _, rows = matched(made_up(), 9, table(tmp_path, names), "m")

    assert rows.tolist() == list(range(1, 8))
    assert "2 of 9 rows are of no test tracklet and are not used, first train/x.jpg" in caplog.text


def test_a_tracklet_that_is_query_and_gallery_has_one_row_or_two(tmp_path: Path) -> None:
    both = Tracklet(("/data/c.jpg",), 1, 1)
    test = TestTracklets(TestSet.of([both], [both, *GALLERY]), (both, both, *GALLERY), ROOT, (64, 32))
    once = table(tmp_path, ["b.jpg", "c.jpg", "d.jpg", "e.jpg"])
    assert matched(test, 4, once, "m")[1].tolist() == [1, 1, 0, 2, 3]

    test.table().to_csv(tmp_path / "tracklets.csv", index=False)

    assert matched(test, 5, RowTable(tmp_path / "tracklets.csv"), "m")[1].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("num_rows", "message"),
    [
        (3, "3 rows, as if it lacked the queries, which every protocol needs"),
        (2, "2 rows, as if it lacked the gallery, which every protocol needs"),
        (6, r"m has 6 rows; .* 5 test tracklets \(2 queries, then 3 .* official too, 7 \(2 junk .* last\)"),
    ],
)
def test_a_matrix_of_another_size_says_what_is_missing(num_rows: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        matched(made_up(), num_rows, PARTS, "m")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([*NAMES, "c.jpg"], "lines 2 and 9 both name c.jpg"),
        (NAMES[1:], "lacks 1 of 5 query and gallery tracklets, first c.jpg"),
        (
            NAMES[:6],
            "lacks 1 of 2 junk tracklets, first a2.jpg: .*or none, which leaves out",
        ),
        (["./" + name for name in NAMES], "lacks 5 of 5 query and gallery tracklets, first c.jpg"),
    ],
)
def test_a_table_that_does_not_fit_is_named(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"rows\.csv.*{message}"):
        matched(made_up(), len(names), table(tmp_path, names), "m")


def test_a_table_has_a_line_for_each_row(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rows\.csv names 7 rows, and the matrix has 6"):
        matched(made_up(), 6, table(tmp_path, NAMES), "m")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            "pid",
            [1, 2, 0, 1, 9, -1, -1],
            r"line 6: e.jpg is of pid 2 in the data set, not 9 \(1 lines differ",
        ),
        ("camid", [1, "x", 2, 2, 2, 2, 2], "line 3: f.jpg is of camid 1 in the data set, not x"),
    ],
)
def test_a_table_that_contradicts_the_data_set_is_refused(
    column: str, values: list[object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        matched(made_up(), 7, table(tmp_path, NAMES, **{column: values}), "m")


def test_a_table_that_agrees_with_the_data_set_is_taken(tmp_path: Path) -> None:
    found = table(tmp_path, NAMES, pid=[1, 2, 0, 1, 2, -1, -1], camid=[1.0, 1, 2, 2, 2, 2, 2])

    assert matched(made_up(), 7, found, "m")[1].tolist() == list(range(7))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,pid\na.jpg,1\n", "lacks the column first_frame: .*name, pid"),
        (b"", "is not a readable CSV table"),
        (b"first_frame\n\xff\xfe\n", "is not a readable CSV table"),
        (b'first_frame,pid\n"a.jpg,1\n', "is not a readable CSV table"),
    ],
)
def test_what_is_no_table_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(content)

    with pytest.raises(ValueError, match=rf"rows\.csv {message}"):
        RowTable(tmp_path / "rows.csv")


def test_where_rows_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    matrix = tmp_path / "theirs.npy"
    assert read_rows(None, matrix) == PARTS
    with pytest.raises(FileNotFoundError, match=r"rows=.*nothing\.csv: .* orders are parts .* and frames"):
        read_rows(str(tmp_path / "nothing.csv"), matrix)

    (tmp_path / "tracklets.csv").write_text("first_frame\na.jpg\n")

    assert not caplog.text
    beside = read_rows(None, matrix)
    assert isinstance(beside, RowTable)
    assert beside.path == tmp_path / "tracklets.csv"
    assert f"rows as in {beside.path}, which lies beside the matrix" in caplog.text
    assert read_rows(FRAMES, matrix) == FRAMES
