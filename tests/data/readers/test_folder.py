"""Your own tracklets in folders."""

from pathlib import Path

import pytest

from reid_cosam.data.readers.folder import Folder
from reid_cosam.data.tracklet import Tracklet
from tests.support.packs import pack_tree
from tests.support.tree import write_duke_tree, write_own_tree

DEFAULT = "{person}/{camera}/{tracklet}/{frame}"
DUKE = "{person}/{tracklet}/{}_C{camera}_F{frame}_X{}.jpg"


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_three_parts(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path, ("train", "query", "gallery"))

    splits = Folder(DEFAULT, None).read(root)

    assert [(one.pid, one.camid) for one in splits.train] == [(1, 1), (1, 2), (1, 2), (2, 1), (2, 2), (2, 2)]
    assert [(one.pid, one.camid) for one in splits.query] == [(3, 1), (4, 1)]
    assert [(one.pid, one.camid) for one in splits.gallery] == [(3, 2), (3, 2), (4, 2), (4, 2)]
    frames = tuple(f"{root}/query/carl/door/1/{frame}.jpg" for frame in (8, 9, 10, 11))
    assert splits.query[0].frames == frames


def test_two_parts_and_none(tmp_path: Path) -> None:
    two = Folder(DEFAULT, None).read(write_own_tree(tmp_path / "two", ("train", "test")))
    none = Folder(DEFAULT, 3).read(write_own_tree(tmp_path / "none"))

    for splits in (two, none):
        assert [len(part) for part in (splits.train, splits.query, splits.gallery)] == [6, 2, 4]
    assert Folder(DEFAULT, None).split_rule(tmp_path / "two") is not None
    assert "default_rng(split)" in (Folder(DEFAULT, 3).split_rule(tmp_path / "none") or "")


def test_a_pattern_reads_the_layout_of_duke(tmp_path: Path) -> None:
    splits = Folder(DUKE, None).read(write_duke_tree(tmp_path))

    assert [(one.pid, one.camid) for one in splits.train] == [
        (pid, cam) for pid in (1, 2, 3, 4) for cam in (1, 2)
    ]
    assert [(one.pid, one.camid) for one in splits.query] == [(5, 1), (6, 1), (7, 1)]


def test_frames_of_any_suffix_come_by_number_in_one_flat_folder(tmp_path: Path) -> None:
    names = [
        f"{person:04d}{camera:04d}_{frame}.PNG" for person in (1, 2) for camera in (1, 2) for frame in (10, 9)
    ]
    root = touch(tmp_path, *names, "notes.txt", ".hidden.jpg", "masks/00010001_9.png")

    splits = Folder("{person:4}{camera:4}_{frame}.PNG", 0).read(root)

    assert len(list(splits.tracklets())) == 4
    for one in splits.tracklets():
        name = f"{root}/{one.pid:04d}{one.camid:04d}"
        assert one.frames == (f"{name}_9.PNG", f"{name}_10.PNG")


def test_folders_beside_the_parts_are_not_read_and_named(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path, ("train", "query", "gallery"))
    expected = Folder().read(root)
    touch(root, "training/anna/1/1/1.jpg", "distractors/eve/1/1/1.jpg", "masks/query/carl/door/1/9.png")

    splits = Folder(DEFAULT, None).read(root)

    assert list(splits.tracklets()) == list(expected.tracklets())
    assert splits.remarks == (*expected.remarks, "not read, as they are no parts: distractors, training")


@pytest.mark.parametrize("split", [None, 0])
def test_a_part_in_capitals_is_refused(tmp_path: Path, split: int | None) -> None:
    root = write_own_tree(tmp_path, ("Train", "test") if split is None else ("Train", "Test"))

    with pytest.raises(ValueError, match=f"{root}/T.* must be named t"):
        Folder(DEFAULT, split).read(root)


def test_a_pack_reads_the_same(tmp_path: Path) -> None:
    loose = write_own_tree(tmp_path / "loose", ("train", "query", "gallery"))
    packed = pack_tree(loose, tmp_path / "packed")

    found = Folder(DEFAULT, None).read(packed)

    expected = [
        Tracklet(tuple(one.replace(str(loose), str(packed)) for one in t.frames), t.pid, t.camid)
        for t in Folder(DEFAULT, None).read(loose).tracklets()
    ]
    assert list(found.tracklets()) == expected


def test_a_name_that_does_not_match_is_given_with_the_pattern(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path)
    touch(root, "ben/door/1/extra/1.jpg")

    with pytest.raises(ValueError, match=r"ben/door/1/extra/1\.jpg") as error:
        Folder(DEFAULT, 0).read(root)

    assert f"pattern={DEFAULT}" in str(error.value)


def test_an_ending_in_capitals_is_said(tmp_path: Path) -> None:
    root = touch(tmp_path, *(f"{person}_{camera}_1.JPG" for person in (1, 2) for camera in (1, 2)))

    with pytest.raises(ValueError, match=r"it ends in \.JPG: leave the ending out of the pattern"):
        Folder("{person}_{camera}_{frame}.jpg", 0).read(root)

    assert len(list(Folder("{person}_{camera}_{frame}", 0).read(root).tracklets())) == 4


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("{person}_{camera}_{tracklet}", "lack {frame}?"),
        ("{person}_{camera}_{tracklet}{frame:4}", "have a {tracklet} that is another in each frame?"),
        ("{person}_{camera}_{frame}", None),
    ],
)
def test_tracklets_of_one_frame_are_asked_about(tmp_path: Path, pattern: str, asked: str | None) -> None:
    names = [f"{person}_{camera}_{time}.jpg" for person in (1, 2) for camera in (1, 2) for time in range(4)]

    remarks = Folder(pattern, 0).read(touch(tmp_path, *names)).remarks

    expected = f"16 of 16 tracklets have one frame: does data.pattern={pattern} {asked}"
    assert remarks == (() if asked is None else (expected,))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path)
    (root / "ben" / "door" / "2").mkdir()

    with pytest.raises(ValueError, match="ben/door/2 is empty"):
        Folder(DEFAULT, 0).read(root)


def test_an_image_that_could_not_be_read_is_named(tmp_path: Path) -> None:
    root = touch(write_own_tree(tmp_path), "ben/door/1/12.tiff")

    with pytest.raises(ValueError, match=r"ben/door/1/12\.tiff"):
        Folder(DEFAULT, 0).read(root)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Folder(DEFAULT, 0).read(tmp_path / "nowhere")
