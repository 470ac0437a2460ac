import re
import sys
from pathlib import Path

import pytest
from scipy.io import savemat

from reid_cosam.data.readers.ls_vid import LsVid
from reid_cosam.data.tracklet import Tracklet
from tests.support.layouts import write_ls_vid_tree, write_matlab73


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_ls_vid_tree(tmp_path / "ls_vid")


def test_a_prefix_does_not_take_in_a_longer_one(tree: Path) -> None:
    assert len(list((tree / "tracklet_test/0009").glob("0009_0001_01*"))) == 5

    splits = LsVid().read(str(tree))

    assert splits.query == (
        Tracklet(tuple(f"{tree}/tracklet_test/0009/0009_0001_01_000{n}.jpg" for n in (0, 1)), 9, 1),
        Tracklet((f"{tree}/tracklet_test/0010/0010_0001_01_0000.jpg",), 10, 1),
    )
    assert splits.gallery == (
        Tracklet(tuple(f"{tree}/tracklet_test/0009/0009_0001_011_000{n}.jpg" for n in (0, 1, 2)), 9, 11),
        Tracklet((f"{tree}/tracklet_test/0009/0009_0002_03_0000.jpg",), 9, 3),
    )


def test_tracklets_are_whole_and_cameras_are_the_third_part_of_names(tree: Path) -> None:
    splits = LsVid().read(tree)

    assert [(t.pid, t.camid, len(t)) for t in splits.train] == [(1, 15, 2), (1, 2, 1)]
    assert all(Path(frame).is_file() for frame in splits.frames())


def test_lists_may_lie_in_info(tree: Path, tmp_path: Path) -> None:
    alias = write_ls_vid_tree(tmp_path / "alias", lists="info/list_sequence", data="info/data")

    found, expected = LsVid().read(alias), LsVid().read(tree)

    assert [t.frames[0].removeprefix(f"{alias}/") for t in found.tracklets()] == [
        t.frames[0].removeprefix(f"{tree}/") for t in expected.tracklets()
    ]


@pytest.mark.parametrize(
    "name", ["list_sequence/list_seq_train.txt", "list_sequence/list_seq_test.txt", "test/data/info_test.mat"]
)
def test_a_missing_list_is_named_with_the_layout(tree: Path, name: str) -> None:
    (tree / name).unlink()

    with pytest.raises(FileNotFoundError) as error:
        LsVid().read(tree)

    assert str(error.value).startswith(f"{tree / name} is missing")
    assert "<prefix>_*.jpg" in str(error.value)


def test_a_missing_folder_of_frames_is_named(tree: Path) -> None:
    (tree / "tracklet_test/0010").rename(tree / "elsewhere")

    with pytest.raises(
        FileNotFoundError, match=r"list_seq_test\.txt, line 4: .*tracklet_test/0010 is missing"
    ):
        LsVid().read(tree)


def test_a_tracklet_without_frames_is_named_though_a_longer_prefix_has_some(tree: Path) -> None:
    for number in (0, 1):
        (tree / f"tracklet_test/0009/0009_0001_01_000{number}.jpg").unlink()

    with pytest.raises(
        ValueError, match=r"list_seq_test\.txt, line 1: .*/0009_0001_01_\*\.jpg has no frames"
    ):
        LsVid().read(tree)


@pytest.mark.parametrize("line", ["tracklet_train/0001/0001_0003_15", "tracklet_train/0001/0001_0003_15 one"])
def test_a_line_without_a_person_is_named(tree: Path, line: str) -> None:
    (tree / "list_sequence/list_seq_train.txt").write_text(f"\n \n{line}\n")

    with pytest.raises(ValueError, match=rf"list_seq_train\.txt, line 3: .* '{line}'"):
        LsVid().read(tree)


@pytest.mark.parametrize("prefix", ["0001_15", "0001_0003_c15"])
def test_a_name_without_a_camera_is_named(tree: Path, prefix: str) -> None:
    frame = tree / f"tracklet_train/0001/{prefix}_0000.jpg"
    frame.touch()
    (tree / "list_sequence/list_seq_train.txt").write_text(f"tracklet_train/0001/{prefix} 1\n")

    with pytest.raises(ValueError, match=rf"^{frame} is not named as a frame"):
        LsVid().read(tree)


@pytest.mark.parametrize("number", ["x", "0001 (2)", ""])
def test_a_frame_without_a_number_is_named(tree: Path, number: str) -> None:
    frame = tree / f"tracklet_test/0009/0009_0001_01_{number}.jpg"
    frame.touch()

    with pytest.raises(ValueError, match=rf"^{re.escape(str(frame))} is not named .* end in a number"):
        LsVid().read(tree)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([0, 1], "entry 1: row 0 is not within 1 to 4"),
        ([5], "entry 1: row 5 is not within 1 to 4"),
        ([2, 2], "entries 1 and 2 both name row 2"),
        ([1.5], "query must hold whole numbers"),
    ],
)
def test_queries_that_do_not_exist_are_refused(tree: Path, rows: list[float], message: str) -> None:
    write_matlab73(tree / "test/data/info_test.mat", query=rows)

    with pytest.raises(ValueError, match=rf"info_test\.mat.* {message}"):
        LsVid().read(tree)


def test_queries_are_the_first_row_in_the_file(tree: Path) -> None:
    expected = LsVid().read(tree)
    write_matlab73(tree / "test/data/info_test.mat", query=[[1, 4], [9, 10], [1, 11]])

    assert LsVid().read(tree) == expected


def test_a_missing_variable_is_named(tree: Path) -> None:
    write_matlab73(tree / "test/data/info_test.mat", queries=[1])

    with pytest.raises(ValueError, match=r"info_test\.mat has no variable query, only queries"):
        LsVid().read(tree)


def test_a_truncated_file_is_named(tree: Path) -> None:
    path = tree / "test/data/info_test.mat"
    path.write_bytes(path.read_bytes()[:700])

    with pytest.raises(ValueError, match=rf"^{path} cannot be read as a MATLAB file"):
        LsVid().read(tree)


def test_without_h5py_the_remedy_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)

    with pytest.raises(ImportError, match=r"info_test\.mat .* pip install 'reid-cosam\[lsvid\]'"):
        LsVid().read(tree)


def test_without_h5py_a_file_of_an_older_format_is_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = LsVid().read(tree)
    savemat(tree / "test/data/info_test.mat", {"query": [[1, 4]]})
    monkeypatch.setitem(sys.modules, "h5py", None)

    assert LsVid().read(tree) == expected
