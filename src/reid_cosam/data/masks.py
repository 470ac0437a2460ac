"""Person masks: PNG files that mirror the frames under `masks/` in the folder of their data set."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from reid_cosam.data.frames import BrokenFrame, decode, read_content
from reid_cosam.data.readers.listing import is_folder, names_in
from reid_cosam.data.tracklet import Tracklet

MASKS = "masks"


def mask_path(frame: str, root: Path) -> Path:
    """`<root>/masks/bbox_test/<pid>/<name>.png` for the frame `<root>/bbox_test/<pid>/<name>.jpg`."""
    return (root / MASKS / Path(frame).relative_to(root)).with_suffix(".png")


def has_masks(tracklets: Iterable[Tracklet], root: Path) -> bool:
    """Whether the person masks of these tracklets exist; `root` is the data set's folder.

    Raises:
        ValueError: some frames have a mask and others have none; names one of each.
    """
    if not is_folder(root / MASKS):
        return False
    paths = [mask_path(frame, root) for one in tracklets for frame in one.frames]
    found: dict[bool, Path] = {}
    for folder, inside in groupby(paths, key=lambda path: path.parent):
        names = names_in(folder)
        for path in inside:
            found.setdefault(path.name in names, path)
    if len(found) == 2:
        raise ValueError(
            f"{found[False]} is missing, but {found[True]} is there: person masks are needed for all frames "
            f"that are tested, or rename {root / MASKS}"
        )
    return True in found


def read_masks(
    frames: Sequence[str], root: Path, height: int, width: int
) -> Bool[np.ndarray, "t {height} {width}"]:
    """Where the person is visible in each frame; `root` is the data set's folder.

    Raises:
        FileNotFoundError, OSError, ValueError: as `checked_mask`.
    """
    return np.stack([_read(frame, root, height, width) for frame in frames])


def _read(frame: str, root: Path, height: int, width: int) -> Bool[np.ndarray, "{height} {width}"]:
    image = Image.fromarray(checked_mask(frame, root))
    return np.asarray(image.convert("L").resize((width, height), Image.Resampling.NEAREST)) > 127


def checked_mask(frame: str, root: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The mask of a frame, at the size of the frame.

    Raises:
        FileNotFoundError: the frame has no mask; names it.
        OSError, ValueError: mask or frame cannot be read or decoded, or they differ in size; names it.
    """
    path = str(mask_path(frame, root))
    mask = decode(read_content(path), path)
    (height, width), (rows, columns) = mask.shape[:2], decode(read_content(frame), frame).shape[:2]
    if (height, width) != (rows, columns):
        raise BrokenFrame(
            f"{path} is {width} x {height} pixels, but its frame {frame} is {columns} x {rows}: save the "
            "mask at the size of its frame"
        )
    return mask
