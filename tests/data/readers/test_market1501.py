from pathlib import Path

import pytest

from reid_cosam.data.readers.market1501 import Market1501
from reid_cosam.data.tracklet import Tracklet
from tests.support.layouts import write_market1501_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_market1501_tree(tmp_path)


def _named(tracklets: tuple[Tracklet, ...]) -> list[tuple[int, int, list[str]]]:
    return [(one.pid, one.camid, [Path(frame).name for frame in one.frames]) for one in tracklets]


def test_a_tracklet_is_a_person_in_a_sequence_of_a_camera(tree: Path) -> None:
    splits = Market1501().read(str(tree))

    assert splits.train[0].frames[0] == f"{tree}/bounding_box_train/0002_c1s1_000401_02.jpg"
    assert _named(splits.train) == [
        (2, 1, ["0002_c1s1_000401_02.jpg", "0002_c1s1_000451_01.jpg", "0002_c1s1_000451_03.jpg"]),
        (2, 1, ["0002_c1s2_000010_01.jpg"]),
        (2, 2, ["0002_c2s1_000451_01.jpg"]),
        (7, 1, ["0007_c1s1_000451_02.jpg"]),
    ]


def test_images_of_nobody_are_tracklets_of_their_own(tree: Path) -> None:
    splits = Market1501().read(tree)

    assert _named(splits.gallery) == [
        (0, 1, ["0000_c1s1_000151_01.jpg"]),
        (0, 1, ["0000_c1s1_000151_02.jpg"]),
        (3, 1, ["0003_c1s6_015971_02.jpg"]),
        (3, 3, ["0003_c3s3_000001_01.jpg", "0003_c3s3_000002_01.jpg"]),
    ]
    assert _named(splits.junk) == [
        (-1, 1, ["-1_c1s1_000401_03.jpg"]),
        (-1, 1, ["-1_c1s1_000401_04.jpg"]),
    ]


def test_a_query_is_one_image_though_its_camera_has_a_tracklet(tree: Path) -> None:
    (tree / "query/0003_c3s3_000009_00.jpg").touch()

    assert _named(Market1501().read(tree).query) == [
        (3, 1, ["0003_c1s6_015971_00.jpg"]),
        (3, 3, ["0003_c3s3_000002_00.jpg"]),
        (3, 3, ["0003_c3s3_000009_00.jpg"]),
    ]


@pytest.mark.parametrize("part", ["bounding_box_train", "bounding_box_test", "query"])
def test_a_missing_folder_is_named_with_the_layout(tree: Path, part: str) -> None:
    (tree / part).rename(tree / "elsewhere")

    with pytest.raises(FileNotFoundError) as error:
        Market1501().read(tree)

    assert str(error.value).startswith(f"{tree / part} is missing")
    assert "0002_c1s1_000451_03.jpg" in str(error.value)


@pytest.mark.parametrize("name", ["0002c1s1_000451_03.jpg", "-2_c1s1_000451_03.jpg", "2_c1s1_000451_03.jpg"])
def test_another_name_is_named(tree: Path, name: str) -> None:
    (tree / "query" / name).touch()

    with pytest.raises(ValueError, match=rf"{tree}/query/{name} is not named .* 0002_c1s1_000451_03\.jpg"):
        Market1501().read(tree)


def test_an_empty_folder_is_named(tree: Path) -> None:
    for path in (tree / "query").iterdir():
        path.unlink()

    with pytest.raises(ValueError, match=rf"{tree}/query has no frames"):
        Market1501().read(tree)
