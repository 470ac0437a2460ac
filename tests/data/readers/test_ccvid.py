from pathlib import Path

import pytest

from reid_cosam.data.readers.ccvid import Ccvid
from reid_cosam.data.tracklet import Tracklet
from tests.support.layouts import write_ccvid_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_ccvid_tree(tmp_path / "ccvid")


def test_lists_give_person_and_clothes_and_folders_the_camera(tree: Path) -> None:
    splits = Ccvid().read(str(tree))

    assert splits.train == (
        Tracklet(tuple(f"{tree}/session1/001_02/0000{n}.jpg" for n in (1, 2)), 1, 2, "u1_l1"),
        Tracklet((f"{tree}/session3/001_02/00001.jpg",), 1, 14, "u2_l1"),
    )
    assert [(t.pid, t.camid, t.clothes, len(t)) for t in splits.query] == [
        (2, 1, "u0_l0", 1),
        (2, 24, "u1_l1", 3),
    ]
    # Persons 2 and 3 both wear what is named u0_l0, which are not the same clothes.
    assert [(t.pid, t.camid, t.clothes, len(t)) for t in splits.gallery] == [
        (2, 11, "u0_l0", 2),
        (2, 13, "u1_l1", 1),
        (3, 1, "u0_l0", 1),
    ]


@pytest.mark.parametrize("parent", ["session3", "session3/data"])
def test_cameras_do_not_depend_on_the_path_of_the_data_set(
    tmp_path: Path, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = [1, 24, 11, 13, 1]
    tree = write_ccvid_tree(tmp_path / parent)

    absolute = Ccvid().read(tree)
    monkeypatch.chdir(tmp_path)
    relative = Ccvid().read(parent)
    monkeypatch.chdir(tree)
    here = Ccvid().read(".")

    for splits in (absolute, relative, here):
        assert [t.camid for t in (*splits.query, *splits.gallery)] == cameras


def test_frames_come_by_name_whatever_the_order_of_the_file_system(tree: Path) -> None:
    folder = tree / "session3/002_12"
    (folder / "00002.jpg").rename(folder / "00000.jpg")
    (folder / "._00001.jpg").touch()

    names = [Path(frame).name for frame in Ccvid().read(tree).query[1].frames]

    assert names == ["00000.jpg", "00001.jpg", "00003.jpg"]


@pytest.mark.parametrize("name", ["train.txt", "query.txt", "gallery.txt"])
def test_a_missing_list_is_named_with_the_layout(tree: Path, name: str) -> None:
    (tree / name).unlink()

    with pytest.raises(FileNotFoundError) as error:
        Ccvid().read(tree)

    assert str(error.value).startswith(f"{tree / name} is missing")
    assert "session1/001_02 <person> <clothes>" in str(error.value)


def test_a_missing_tracklet_is_named(tree: Path) -> None:
    (tree / "session2/002_11").rename(tree / "elsewhere")

    with pytest.raises(FileNotFoundError, match=r"gallery\.txt, line 1: .*session2/002_11 is missing"):
        Ccvid().read(tree)


def test_an_empty_tracklet_is_named(tree: Path) -> None:
    (tree / "session3/002_01/00001.jpg").unlink()

    with pytest.raises(ValueError, match=rf"^{tree}/session3/002_01 is empty"):
        Ccvid().read(tree)


@pytest.mark.parametrize(
    "line",
    [
        *("session1/002_01 002", "session1/002_01 two u0_l0", "session1/002 002 u0_l0"),
        *("002_01 002 u0_l0", "session1/002_01 002 u0 l0"),
    ],
)
def test_a_line_of_another_form_is_named(tree: Path, line: str) -> None:
    (tree / "query.txt").write_text(f"session1/002_01 002 u0_l0\n\n{line}\n")

    with pytest.raises(ValueError, match=rf"query\.txt, line 3: .* '{line}'"):
        Ccvid().read(tree)


def test_a_tracklet_in_two_lists_is_named(tree: Path) -> None:
    with (tree / "gallery.txt").open("a") as file:
        file.write("session3/002_12 002 u1_l1\n")

    with pytest.raises(ValueError, match=r"gallery\.txt, line 4 names session3/002_12, .*query\.txt, line 2"):
        Ccvid().read(tree)
