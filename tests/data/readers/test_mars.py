import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from reid_cosam.data import mars
from reid_cosam.data.counts import check_counts
from reid_cosam.data.readers.mars import Mars, read_info
from reid_cosam.data.tracklet import Tracklet

TRAIN = [(1, 2, 1, 1), (3, 3, 1, 6), (4, 6, 17, 2)]
TEST = [(1, 1, -1, 3), (2, 3, 0, 4), (4, 5, 2, 1), (6, 6, 2, 5), (7, 7, 1500, 6)]
QUERIES = [3, 5]


def _names(rows: list[tuple[int, int, int, int]]) -> list[str]:
    return [
        f"{'00-1' if pid == -1 else f'{pid:04d}'}C{camid}T0001F{number:03d}.jpg"
        for first, last, pid, camid in rows
        for number in range(1, last - first + 2)
    ]


def _write(root: Path, **changes: Any) -> Path:
    """Write a MARS folder; `changes` replaces what a list holds."""
    held: dict[str, Any] = {
        "train_name": _names(TRAIN),
        "test_name": _names(TEST),
        "track_train_info": TRAIN,
        "track_test_info": TEST,
        "query_IDX": [QUERIES],
    } | changes
    for folder in ("info", "bbox_train", "bbox_test"):
        (root / folder).mkdir(parents=True)
    for name in ("train_name", "test_name"):
        (root / "info" / f"{name}.txt").write_bytes("".join(f"{line}\r\n" for line in held[name]).encode())
    for file, variable, dtype in (
        ("tracks_train_info", "track_train_info", np.int32),
        ("tracks_test_info", "track_test_info", np.int32),
        ("query_IDX", "query_IDX", np.uint16),
    ):
        savemat(root / "info" / f"{file}.mat", {variable: np.array(held[variable], dtype=dtype)})
    return root


def test_splits_of_a_small_tree(tmp_path: Path) -> None:
    root = _write(tmp_path)

    splits = mars.read(str(root))

    assert splits.train == (
        Tracklet(
            (f"{root}/bbox_train/0001/0001C1T0001F001.jpg", f"{root}/bbox_train/0001/0001C1T0001F002.jpg"),
            1,
            1,
        ),
        Tracklet((f"{root}/bbox_train/0001/0001C6T0001F001.jpg",), 1, 6),
        Tracklet(tuple(f"{root}/bbox_train/0017/0017C2T0001F00{number}.jpg" for number in (1, 2, 3)), 17, 2),
    )
    assert [(t.pid, t.camid) for t in splits.query] == [(2, 1), (1500, 6)]
    assert [(t.pid, t.camid) for t in splits.gallery] == [(0, 4), (2, 5)]
    assert splits.junk == (Tracklet((f"{root}/bbox_test/00-1/00-1C3T0001F001.jpg",), -1, 3),)


def test_frames_are_the_files_of_the_tree(tmp_path: Path) -> None:
    splits = mars.read(_write(tmp_path))

    assert [str(Path(frame)) for t in splits.query for frame in t.frames] == [
        str(tmp_path / "bbox_test" / name[:4] / name) for name in (*_names(TEST)[3:5], _names(TEST)[6])
    ]


def test_cameras_and_people_may_have_more_digits(tmp_path: Path) -> None:
    tested = [(1, 1, 12345, 12), (2, 3, 12345, 1), (4, 4, 7, 3)]

    splits = mars.read(_write(tmp_path, test_name=_names(tested), track_test_info=tested, query_IDX=[[1]]))

    place = f"{tmp_path}/bbox_test/12345"
    assert splits.query == (Tracklet((f"{place}/12345C12T0001F001.jpg",), 12345, 12),)
    assert splits.gallery[0].frames == tuple(f"{place}/12345C1T0001F00{n}.jpg" for n in (1, 2))


@pytest.mark.parametrize("part", ["info", "bbox_train", "bbox_test"])
def test_a_missing_folder_is_named_with_the_layout(tmp_path: Path, part: str) -> None:
    root = _write(tmp_path)
    (root / part).rename(root / "elsewhere")

    with pytest.raises(FileNotFoundError) as error:
        mars.read(root)

    assert str(error.value).startswith(f"{root / part} is missing")
    assert "0001/0001C1T0001F001.jpg" in str(error.value)


@pytest.mark.parametrize(
    "name",
    ["train_name.txt", "test_name.txt", "tracks_train_info.mat", "tracks_test_info.mat", "query_IDX.mat"],
)
def test_a_missing_list_is_named(tmp_path: Path, name: str) -> None:
    root = _write(tmp_path)
    (root / "info" / name).unlink()

    with pytest.raises(FileNotFoundError, match=f"{name} is missing"):
        mars.read(root)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"track_train_info": [(0, 2, 1, 1)]},
            "tracks_train_info.mat, row 1: 0 to 2 is not a range .* 1 to 6",
        ),
        ({"track_train_info": [*TRAIN[:2], (4, 7, 17, 2)]}, "row 3: 4 to 7 is not a range .* 1 to 6"),
        ({"track_train_info": [TRAIN[0], (3, 2, 1, 6)]}, "row 2: 3 to 2 is not a range"),
        ({"track_train_info": [(1, 2, 1)]}, "must have columns start, end, pid, cam"),
        (
            {"track_test_info": [*TEST[:2], (4, 6, 2, 1)]},
            "row 3: pid 2, camera 1 need names that start with 0002C1T, but line 6 .* is 0002C5T0001F001.jpg",
        ),
        ({"track_test_info": [*TEST[:3], (6, 6, 3, 5)]}, "row 4: pid 3, camera 5 need .* 0003C5"),
        ({"track_test_info": [(1, 1, 1, 3)]}, "row 1: pid 1, camera 3 .* is 00-1C3T0001F001.jpg"),
        ({"track_test_info": [*TEST[:4], (7, 7, 1500, 16)]}, "row 5: .* 1500C16"),
        ({"track_test_info": [*TEST[:4], (7, 7, 1500, 66)]}, "row 5: .* 1500C66T, but line 7 .* is 1500C6T"),
        ({"query_IDX": [[3, 6]]}, "query_IDX.mat, entry 2: row 6 is not within 1 to 5"),
        ({"query_IDX": [[0, 3]]}, "query_IDX.mat, entry 1: row 0 is not within 1 to 5"),
        ({"query_IDX": [[3, 1]]}, "query_IDX.mat, entry 2: row 1 is junk"),
        ({"query_IDX": [[5, 3, 4, 3]]}, "query_IDX.mat: entries 2 and 4 both name row 3, .*: name it once"),
    ],
)
def test_contradictions_name_file_and_row(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    root = _write(tmp_path, **changes)

    with pytest.raises(ValueError, match=message):
        mars.read(root)


def test_blank_lines_count_in_numbers_of_lines_but_not_of_names(tmp_path: Path) -> None:
    names = _names(TEST)
    changes = {"test_name": ["", *names[:2], "", *names[2:]]}
    assert len(mars.read(_write(tmp_path / "whole", **changes)).query) == 2
    root = _write(tmp_path, **changes, track_test_info=[*TEST[:2], (4, 6, 2, 1)])

    with pytest.raises(ValueError, match=r"0002C1T, but line 8 .* is 0002C5T0001F001\.jpg"):
        mars.read(root)


@pytest.mark.parametrize("name", ["train_name", "test_name"])
def test_an_empty_list_of_names_is_to_blame_itself(tmp_path: Path, name: str) -> None:
    root = _write(tmp_path, **{name: []})

    with pytest.raises(ValueError, match=rf"^{root}/info/{name}\.txt is empty"):
        mars.read(root)


def test_a_list_of_names_that_is_cut_short_is_named(tmp_path: Path) -> None:
    root = _write(tmp_path, test_name=_names(TEST)[:4])

    with pytest.raises(
        ValueError,
        match=r"row 3: 4 to 5 is not a range of frames within 1 to 4, the names in .*/test_name\.txt",
    ):
        mars.read(root)


def test_a_missing_variable_is_named_beside_those_held(tmp_path: Path) -> None:
    root = _write(tmp_path)
    savemat(root / "info" / "query_IDX.mat", {"queries": QUERIES})

    with pytest.raises(ValueError, match=r"query_IDX\.mat has no variable query_IDX, only queries"):
        mars.read(root)


def test_a_broken_list_is_named(tmp_path: Path) -> None:
    root = _write(tmp_path)
    (root / "info" / "tracks_test_info.mat").write_text("<html>not found</html>" * 20)

    with pytest.raises(ValueError, match=r"tracks_test_info\.mat cannot be read as a MATLAB file"):
        mars.read(root)


def test_counts_of_another_data_set_are_refused(tmp_path: Path) -> None:
    splits = mars.read(_write(tmp_path))

    with pytest.raises(
        ValueError, match=r"train tracklets: expected 8298, found 3; .*queries: expected 1980, found 2"
    ):
        check_counts(splits, Mars.counts, "MARS")


def test_real_lists() -> None:
    info = os.environ.get("REID_COSAM_MARS_INFO")
    if info is None:
        pytest.skip("REID_COSAM_MARS_INFO does not name the folder with the MARS lists")

    splits = read_info(Path(info), Path("mars"))

    check_counts(splits, Mars.counts, "MARS")
    assert (min(map(len, splits.train)), max(map(len, splits.train))) == (5, 900)
    assert len(splits.query + splits.gallery) == 11_310
    cameras: dict[int, set[int]] = {}
    for tracklet in splits.gallery:
        cameras.setdefault(tracklet.pid, set()).add(tracklet.camid)
    assert sum(bool(cameras.get(t.pid, set()) - {t.camid}) for t in splits.query) == 1840
