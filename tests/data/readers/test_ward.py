from pathlib import Path

import pytest

from reid_cosam.data.counts import check_counts
from reid_cosam.data.readers.ward import Ward
from reid_cosam.data.tracklet import Tracklet
from tests.support.tree import write_ward_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Persons 1, 3, 5 and 7 in cameras 1, 2 and 3, which have 5, 6 and 7 frames."""
    return write_ward_tree(tmp_path, size=(2, 2))


def test_half_of_the_people_is_trained_and_the_passages_of_the_others_are_halved(tree: Path) -> None:
    splits = Ward(0).read(str(tree))
    folder = f"{tree}/toolbox/Datasets/WARD"

    # numpy.random.default_rng(0).permutation([1, 3, 5, 7]) is [5, 1, 3, 7]
    assert [(t.pid, t.camid, len(t)) for t in splits.train] == [
        (pid, camid, 4 + camid) for pid in (1, 5) for camid in (1, 2, 3)
    ]
    assert splits.query[0] == Tracklet(tuple(f"{folder}/00030001000{frame}.png" for frame in (1, 2, 3)), 3, 1)
    assert splits.gallery[0] == Tracklet(tuple(f"{folder}/00030001000{frame}.png" for frame in (4, 5)), 3, 1)
    assert [(t.pid, t.camid, len(t)) for t in splits.query] == [
        (pid, camid, length) for pid in (3, 7) for camid, length in ((1, 3), (2, 3), (3, 4))
    ]
    assert [(t.pid, t.camid, len(t)) for t in splits.gallery] == [
        (pid, camid, length) for pid in (3, 7) for camid, length in ((1, 2), (2, 3), (3, 3))
    ]


def test_the_ten_splits_differ(tree: Path) -> None:
    # The first two of numpy.random.default_rng(split).permutation([1, 3, 5, 7]).
    trained = [{t.pid for t in Ward(split).read(tree).train} for split in range(10)]

    assert trained[:5] == [{1, 5}, {1, 3}, {5, 7}, {5, 7}, {1, 7}]
    assert trained[5:] == [{3, 7}, {1, 7}, {1, 5}, {3, 7}, {1, 7}]


def test_an_odd_number_of_people_trains_one_more(tmp_path: Path) -> None:
    splits = Ward(0).read(write_ward_tree(tmp_path, people=5, size=(2, 2)))

    assert (len({t.pid for t in splits.train}), len({t.pid for t in splits.query})) == (3, 2)


def test_frames_are_in_order_of_number_with_gaps(tree: Path) -> None:
    folder = tree / "toolbox/Datasets/WARD"
    (folder / "000100030002.png").rename(folder / "000100031002.png")

    numbers = [int(frame[-8:-4]) for frame in Ward(0).read(tree).train[2].frames]

    assert numbers == [1, 3, 4, 5, 6, 7, 1002]


def test_the_folder_of_the_images_may_be_the_root(tree: Path) -> None:
    folder = tree / "toolbox/Datasets/WARD"
    (folder / "masks").mkdir()
    (folder / "masks/000100010001.png").touch()

    assert Ward(0).folder(tree) == Ward(0).folder(folder) == folder
    assert Ward(0).read(folder) == Ward(0).read(tree)


@pytest.mark.parametrize("split", [-1, 10])
def test_a_split_that_does_not_exist_is_refused(tree: Path, split: int) -> None:
    with pytest.raises(ValueError, match=rf"split={split} .* 0 to 9"):
        Ward(split).read(tree)


def test_a_missing_folder_is_named_with_the_layout(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        Ward(0).read(tmp_path / "nothing")

    assert str(error.value).startswith(f"{tmp_path / 'nothing'} is missing")
    assert "toolbox/Datasets/WARD/   000100010001.png" in str(error.value)


def test_a_folder_without_frames_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{tmp_path} has no frames \(\*\.png\) such as 000100010001\.png"):
        Ward(0).read(tmp_path)


def test_another_name_is_named(tree: Path) -> None:
    (tree / "toolbox/Datasets/WARD/0001_bg.png").touch()

    with pytest.raises(ValueError, match=r"WARD/0001_bg\.png .* such as 000100010001\.png"):
        Ward(0).read(tree)


def test_a_passage_of_one_frame_cannot_be_cut(tree: Path) -> None:
    folder = tree / "toolbox/Datasets/WARD"
    for frame in (1, 2, 3, 5):
        (folder / f"00070001000{frame}.png").unlink()

    with pytest.raises(ValueError, match=r"WARD/000700010004\.png is the only frame of its passage"):
        Ward(0).read(tree)


def test_a_copy_that_lacks_a_frame_or_a_person_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "toolbox/Datasets/WARD"
    folder.mkdir(parents=True)
    for passage in range(210):
        # 22 frames in each passage, and one more in 166 of them: 4,786
        for frame in range(1, 23 + (passage < 166)):
            (folder / f"{passage // 3 + 1:04d}{passage % 3 + 1:04d}{frame:04d}.png").touch()
    for split in range(10):
        check_counts(Ward(split).read(tmp_path), Ward.counts, "WARD")

    (folder / "000100010001.png").unlink()

    with pytest.raises(ValueError, match="frames: expected 4786, found 4785"):
        check_counts(Ward(0).read(tmp_path), Ward.counts, "WARD")
