"""Person masks of the synthetic set: PNG files that mirror the frames under `masks/`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from PIL import Image

from reid_cosam.data.frames import decode, read_content


def mask_path(frame: str) -> Path:
    """`<root>/masks/bbox_test/<pid>/<name>.png` for the frame `<root>/bbox_test/<pid>/<name>.jpg`."""
    path = Path(frame)
    root = path.parents[2]
    return (root / "masks" / path.relative_to(root)).with_suffix(".png")


def read_masks(frames: Sequence[str], height: int, width: int) -> Bool[np.ndarray, "t {height} {width}"]:
    """Where the person is visible in each frame.

    Raises:
        FileNotFoundError: a frame has no mask; names it.
        OSError, ValueError: a mask cannot be read or decoded; names it.
    """
    return np.stack([_read(mask_path(frame), height, width) for frame in frames])


def _read(path: Path, height: int, width: int) -> Bool[np.ndarray, "{height} {width}"]:
    image = Image.fromarray(decode(read_content(str(path)), str(path)))
    return np.asarray(image.convert("L").resize((width, height), Image.Resampling.NEAREST)) > 127
