from pathlib import Path

import numpy as np
import pytest

from reid_cosam.data.counts import count
from reid_cosam.data.readers.mevid import Mevid
from reid_cosam.data.tracklet import Tracklet
from tests.support.layouts import write_mevid_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_mevid_tree(tmp_path)


def _write(tree: Path, name: str, rows: list[list[float]]) -> None:
    np.savetxt(tree / name, np.array(rows))


def test_rows_count_from_0_and_include_their_end(tree: Path) -> None:
    assert (tree / "track_train_info.txt").read_text().startswith("0.000000000000000000e+00 1.0000")

    splits = Mevid().read(str(tree))

    start = f"{tree}/bbox_train/0103/0103O020C424T000F0000"
    assert splits.train == (
        Tracklet((f"{start}0.jpg", f"{start}1.jpg"), 103, 424, "20"),
        Tracklet((f"{tree}/bbox_train/0103/0103O021C424T001F00000.jpg",), 103, 424, "21"),
        Tracklet(
            tuple(f"{tree}/bbox_train/0007/0007O001C330T002F0000{n}.jpg" for n in (0, 1, 2)), 7, 330, "1"
        ),
    )
    assert [(t.pid, t.camid, t.clothes, len(t)) for t in splits.query] == [
        (201, 330, "3", 3),
        (201, 424, "4", 2),
    ]
    assert [(t.pid, t.camid, t.clothes, len(t)) for t in splits.gallery] == [
        (201, 509, "3", 1),
        (88, 330, "20", 2),
    ]
    assert all(Path(frame).is_file() for frame in splits.frames())


def test_outfits_are_counted_by_person(tree: Path) -> None:
    found = count(Mevid().read(tree))

    assert (found["train outfits"], found["test outfits"]) == (3, 3)


def test_the_lists_may_lie_in_the_folder_that_they_are_packed_in(tree: Path, tmp_path: Path) -> None:
    nested = write_mevid_tree(tmp_path / "nested", lists="mevid-v1-annotation-data")

    found, expected = Mevid().read(nested), Mevid().read(tree)

    assert [t.frames[0].removeprefix(f"{nested}/") for t in found.tracklets()] == [
        t.frames[0].removeprefix(f"{tree}/") for t in expected.tracklets()
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("bbox_train", "bbox_test", "train_name.txt", "test_name.txt"),
        *("track_train_info.txt", "track_test_info.txt", "query_IDX.txt"),
    ],
)
def test_what_is_missing_is_named_with_the_layout(tree: Path, name: str) -> None:
    (tree / name).rename(tree / "elsewhere")

    with pytest.raises(FileNotFoundError) as error:
        Mevid().read(tree)

    assert str(error.value).startswith(f"{tree / name} is missing")
    assert "0201/0201O003C330T004F00192.jpg" in str(error.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0, 2, 201, 3, 330], [3, 8, 88, 20, 330]], "row 2: 3 to 8 is not a range .* 0 to 7"),
        ([[-1, 2, 201, 3, 330]], "row 1: -1 to 2"),
        ([[2, 1, 201, 3, 330]], "row 1: 2 to 1"),
        ([[0, 3, 201, 3, 330]], r"row 1: person 201, camera 330 .* line 4 .* 0201O004C424T001F00000\.jpg"),
        ([[0, 2, 88, 3, 330]], "row 1: person 88, camera 330 .* 0088O.* line 1"),
        ([[0, 2, 201, 330]], "must have columns start, end, person, outfit, camera, got 4"),
        ([[0, 2.5, 201, 3, 330]], r"row 1: \[0.0, 2.5, .* whole numbers"),
    ],
)
def test_contradictions_name_file_and_row(tree: Path, rows: list[list[float]], message: str) -> None:
    _write(tree, "track_test_info.txt", rows)

    with pytest.raises(ValueError, match=rf"{tree}/track_test_info\.txt.* ?{message}"):
        Mevid().read(tree)


@pytest.mark.parametrize(
    ("rows", "message"),
    [([0, 4], "entry 2: row 4 is not within 0 to 3"), ([2, 0, 2], "entries 1 and 3 both name row 2")],
)
def test_queries_that_do_not_exist_are_refused(tree: Path, rows: list[int], message: str) -> None:
    np.savetxt(tree / "query_IDX.txt", np.array(rows))

    with pytest.raises(ValueError, match=rf"query_IDX\.txt.* {message}"):
        Mevid().read(tree)


@pytest.mark.parametrize("name", ["track_train_info.txt", "query_IDX.txt"])
@pytest.mark.parametrize("text", ["", "<html>not found</html>\n"])
def test_a_broken_table_is_named(tree: Path, name: str, text: str) -> None:
    (tree / name).write_text(text)

    with pytest.raises(ValueError, match=rf"{tree}/{name} is no table of numbers"):
        Mevid().read(tree)


def test_blank_lines_count_in_numbers_of_lines_but_not_of_names(tree: Path) -> None:
    names = tree / "test_name.txt"
    names.write_text("\n\n" + names.read_text())
    assert len(Mevid().read(tree).query) == 2
    _write(tree, "track_test_info.txt", [[0, 3, 201, 3, 330]])

    with pytest.raises(ValueError, match=r"line 6 .* 0201O004C424T001F00000\.jpg"):
        Mevid().read(tree)


def test_an_empty_list_of_names_is_named(tree: Path) -> None:
    (tree / "train_name.txt").write_text("\n")

    with pytest.raises(ValueError, match=rf"^{tree}/train_name\.txt is empty"):
        Mevid().read(tree)
