"""Where the masks of frames lie, and what is read from them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_cosam.data.masks import has_masks, mask_path, read_masks
from reid_cosam.data.tracklet import Tracklet


def test_masks_mirror_the_frames() -> None:
    frame = "/data/bbox_test/0007/0007C1T0001F002.jpg"

    assert mask_path(frame, Path("/data")) == Path("/data/masks/bbox_test/0007/0007C1T0001F002.png")


def write_mask(root: Path, number: int, pixels: list[list[int]]) -> str:
    """A mask and a frame of its size, whose path is returned."""
    frame = root / "bbox_test" / "0007" / f"{number}.jpg"
    for path in (mask_path(str(frame), root), frame):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(pixels, dtype=np.uint8)).save(path)
    return str(frame)


def test_a_mask_of_another_size_than_its_frame_is_refused(tmp_path: Path) -> None:
    frame = write_mask(tmp_path, 1, [[255, 0], [0, 0], [0, 0]])
    Image.new("L", (4, 6)).save(frame)

    with pytest.raises(ValueError, match=rf"/1\.png is 2 x 3 pixels, but its frame {frame} is 4 x 6: save"):
        read_masks([frame], tmp_path, 2, 2)


def test_masks_are_read_in_the_order_of_the_frames(tmp_path: Path) -> None:
    frames = [write_mask(tmp_path, 1, [[255, 0], [0, 0]]), write_mask(tmp_path, 2, [[0, 128], [127, 0]])]

    masks = read_masks(frames[::-1], tmp_path, 2, 2)

    assert masks.tolist() == [[[False, True], [False, False]], [[True, False], [False, False]]]


def test_an_enlarged_mask_stays_sharp(tmp_path: Path) -> None:
    frame = write_mask(tmp_path, 1, [[255, 0], [0, 0]])

    (mask,) = read_masks([frame], tmp_path, 4, 6)

    assert mask.tolist() == [[True] * 3 + [False] * 3] * 2 + [[False] * 6] * 2


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"masks/bbox_test/0007/1\.png"):
        read_masks([str(tmp_path / "bbox_test" / "0007" / "1.jpg")], tmp_path, 2, 2)


def tracklet(*frames: str) -> Tracklet:
    return Tracklet(frames, pid=7, camid=1)


def test_masks_are_there_for_all_frames_of_some_tracklets_or_for_none(tmp_path: Path) -> None:
    with_mask = tracklet(write_mask(tmp_path, 1, [[255]]), write_mask(tmp_path, 2, [[255]]))
    without = tracklet(str(tmp_path / "bbox_test" / "0008" / "1.jpg"))

    assert has_masks([with_mask], tmp_path)
    assert not has_masks([without], tmp_path)
    assert not has_masks([with_mask], tmp_path / "bbox_test")


def test_a_mask_that_only_some_frames_have_is_refused(tmp_path: Path) -> None:
    first = write_mask(tmp_path, 1, [[255]])

    with pytest.raises(ValueError, match=r"masks/bbox_test/0007/2\.png is missing") as error:
        has_masks([tracklet(first, first.replace("1.jpg", "2.jpg"))], tmp_path)

    assert "masks/bbox_test/0007/1.png" in str(error.value)


def test_masks_lie_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "masks" / "a").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    for path in ("masks/a/1.png", "a/1.jpg"):
        Image.fromarray(np.array([[255]], dtype=np.uint8)).save(tmp_path / path)

    assert has_masks([tracklet(str(tmp_path / "a" / "1.jpg"))], tmp_path)
    assert read_masks([str(tmp_path / "a" / "1.jpg")], tmp_path, 1, 1).all()
