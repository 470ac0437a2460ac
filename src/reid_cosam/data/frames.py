"""Reads the frames of a clip as RGB, at the size the network wants."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import simplejpeg
import torch
from jaxtyping import UInt8
from PIL import Image
from torch.nn import functional as F

from reid_cosam.data import packed

_JPEG_MAGIC = b"\xff\xd8"
_REMEDY = "python -m reid_cosam.verify lists all that are missing or broken"


class MissingFrame(FileNotFoundError):
    """There is no such frame. Of what a loader's worker wraps around it, only the message is kept."""

    def __init__(self, message: str) -> None:
        super().__init__(_last_words(message, type(self)))


class BrokenFrame(ValueError):
    """A frame cannot be decoded, or its pack is damaged. Of what a loader's worker wraps around it, only the
    message is kept."""

    def __init__(self, message: str) -> None:
        super().__init__(_last_words(message, type(self)))


def _last_words(message: str, error: type[Exception]) -> str:
    """Torch raises a worker's error anew, with the worker's whole traceback for a message."""
    return message.rpartition(f"{error.__name__}: ")[2].rstrip()


def read_clip(paths: Sequence[str], height: int, width: int) -> UInt8[np.ndarray, "t {height} {width} 3"]:
    """The frames at `paths`, in that order.

    Raises:
        MissingFrame, BrokenFrame: as `read_frame`.
    """
    clip = np.empty((len(paths), height, width, 3), dtype=np.uint8)
    for frame, path in zip(clip, paths, strict=True):
        frame[:] = read_frame(path, height, width)
    return clip


def read_frame(path: str, height: int, width: int) -> UInt8[np.ndarray, "{height} {width} 3"]:
    """One frame, from a file or a pack; a frame of another size is resized as Pillow does it bilinearly.

    Raises:
        MissingFrame: there is no such frame.
        BrokenFrame: the image is truncated, corrupt or of an unknown format, or the pack is damaged.
    """
    frame = _read(path)
    if frame.shape[:2] == (height, width):
        return frame
    return _resize(frame, height, width)


def _resize(
    frame: UInt8[np.ndarray, "_ _ 3"], height: int, width: int
) -> UInt8[np.ndarray, "{height} {width} 3"]:
    """Pillow's bilinear filter, in a quarter of its time with AVX2.

    The same numbers for even factors; for others the two round differently, seldom by more than a level.
    """
    # The batch axis before the permutation, or torch does not see that the channels are last.
    planes = torch.from_numpy(frame).unsqueeze(0).permute(0, 3, 1, 2)
    resized = F.interpolate(planes, (height, width), mode="bilinear", antialias=True)
    found: UInt8[np.ndarray, "{height} {width} 3"] = resized.permute(0, 2, 3, 1)[0].numpy()
    return found


def check_frame(path: str) -> None:
    """Read and decode one frame, of whatever size; raises as `read_frame`."""
    _read(path)


def _read(path: str) -> UInt8[np.ndarray, "h w 3"]:
    try:
        content = packed.read_bytes(path)
    except FileNotFoundError:
        raise MissingFrame(f"{path} is missing; {_REMEDY}") from None
    except ValueError as error:  # of a pack, which says what is damaged
        raise BrokenFrame(str(error)) from error
    return decode(content, path)


def decode(content: bytes, path: str) -> UInt8[np.ndarray, "h w 3"]:
    """The frame that the file at `path` holds.

    Raises:
        BrokenFrame: it is truncated, corrupt or of an unknown format; names `path`.
    """
    try:
        return _decode(content)
    except (OSError, SyntaxError, ValueError) as error:  # what simplejpeg and Pillow raise on bad images
        raise BrokenFrame(
            f"cannot decode {path} ({len(content)} bytes): {error}; replace the file; {_REMEDY}"
        ) from error


def _decode(content: bytes) -> UInt8[np.ndarray, "h w 3"]:
    if content.startswith(_JPEG_MAGIC):
        # Its fastdct and fastupsample are off by up to 25 levels; without them it equals Pillow bit by bit.
        frame: UInt8[np.ndarray, "h w 3"] = simplejpeg.decode_jpeg(content, "RGB", strict=True)
        return frame
    with Image.open(BytesIO(content)) as image:
        return np.array(image.convert("RGB"))  # a copy, as torch wants arrays that may be written to
