"""Reads the frames of a clip as RGB, at the size the network wants.

A frame is a JPEG, PNG, BMP, WebP, PPM, PGM or PBM image of one picture; its content decides, not its name.
What cannot be turned into 8-bit RGB without guessing is refused: transparent pixels (what lies behind them?),
integers of 32 bits and floats (what is white?). Of 16 bits a channel the upper 8 are taken, in grey as in
colour. A rotation in the metadata is ignored: frames that are cut out of a video have none.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import simplejpeg
import torch
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from reid_cosam.data import packed

_JPEG_MAGIC = b"\xff\xd8"
# Pillow's names; "PPM" is PGM and PBM too. No others: Pillow has Ghostscript, a program, open EPS.
_FORMATS = ("PNG", "BMP", "PPM", "WEBP")
_EXACT = ("1", "L", "P", "RGB")  # modes from which Pillow converts to RGB without clipping
_LONGEST = 8192  # pixels: above the width of any video, so that a header that claims more is damaged
_NO_BACKGROUND = "the background is undefined: save it without transparency"
REMEDY = "reid-cosam verify lists all that are missing or broken"


class _FrameError(Exception):
    """Torch raises a loader worker's error again with its whole traceback as the message: only the last line,
    which is the message, is kept."""

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition(f"{type(self).__name__}: ")[2].rstrip())


class MissingFrame(_FrameError, FileNotFoundError):
    """There is no such frame."""


class UnreadableFrame(_FrameError, OSError):
    """The system does not let a frame be read."""


class BrokenFrame(_FrameError, ValueError):
    """A frame cannot be decoded, or its pack is damaged."""


def read_clip(paths: Sequence[str], height: int, width: int) -> UInt8[np.ndarray, "t {height} {width} 3"]:
    """The frames at `paths`, in that order, as RGB; one of another size is resized bilinearly, antialiased.

    >>> tracklet = Mars().read("datasets/mars").query[0]
    >>> clip = read_clip(tracklet.frames[:4], height=256, width=128)
    >>> clip.shape, clip.dtype
    ((4, 256, 128, 3), dtype('uint8'))

    Raises:
        MissingFrame, UnreadableFrame, BrokenFrame: as `read_frame`.
    """
    clip = np.empty((len(paths), height, width, 3), dtype=np.uint8)
    for frame, path in zip(clip, paths, strict=True):
        frame[:] = read_frame(path, height, width)
    return clip


def read_frame(path: str, height: int, width: int) -> UInt8[np.ndarray, "{height} {width} 3"]:
    """One frame, from a file or a pack; a frame of another size is resized as Pillow does it bilinearly.

    Raises:
        MissingFrame: there is no such frame.
        UnreadableFrame: the system does not let it be read.
        BrokenFrame: the image is damaged or of another kind than frames are, or the pack is damaged.
    """
    frame = decode(read_content(path), path)
    if frame.shape[:2] == (height, width):
        return frame
    (resized,) = resize(torch.from_numpy(frame)[None], height, width).numpy()
    return resized  # type: ignore[no-any-return]


def checked_content(path: str) -> bytes:
    """The bytes of a frame that can be decoded, of whatever size; raises as `read_frame`."""
    content = read_content(path)
    decode(content, path)
    return content


def resize(
    frames: UInt8[Tensor, "n _ _ 3"], height: int, width: int
) -> UInt8[Tensor, "n {height} {width} 3"]:
    """Pillow's bilinear filter, in a quarter of its time with AVX2. The frames must be on the CPU.

    The same numbers for even factors; for others the two round differently, seldom by more than a level.
    """
    # With the channels last, as they are here, torch takes its fast path.
    planes = frames.permute(0, 3, 1, 2)
    return F.interpolate(planes, (height, width), mode="bilinear", antialias=True).permute(0, 2, 3, 1)


def read_content(path: str) -> bytes:
    """The bytes of an image, from a file or a pack; raises as `read_frame`."""
    try:
        return packed.read_bytes(path)
    except FileNotFoundError:
        raise MissingFrame(f"{path} is missing; {REMEDY}") from None
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or _one_line(error)
        raise UnreadableFrame(f"cannot read {path}: {reason}; {REMEDY}") from error
    except ValueError as error:  # of a pack, which says what is damaged, or of a name that cannot be a file's
        named = path in str(error)
        raise BrokenFrame(str(error) if named else f"cannot read {path!r}: {error}") from error


def decode(content: bytes, path: str) -> UInt8[np.ndarray, "h w 3"]:
    """The frame that the file at `path` contains.

    Raises:
        BrokenFrame: it is damaged or of another kind than frames are; names `path`.
    """
    try:
        return _decode(content)
    except Exception as error:  # on damaged images, simplejpeg and Pillow raise any type
        raise BrokenFrame(
            f"cannot decode {path} ({len(content)} bytes): {_one_line(error)}; replace the file; {REMEDY}"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _decode(content: bytes) -> UInt8[np.ndarray, "h w 3"]:
    if content.startswith(_JPEG_MAGIC):
        height, width, *_ = simplejpeg.decode_jpeg_header(content)
        _check_size(width, height)
        # Its fastdct and fastupsample are off by up to 25 levels; without them it equals Pillow bit by bit.
        frame: UInt8[np.ndarray, "h w 3"] = simplejpeg.decode_jpeg(content, "RGB", strict=True)
        return frame
    try:
        image = Image.open(BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError:  # which names a buffer in memory
        known = "a JPEG, PNG, BMP, WebP, PPM, PGM nor PBM"
        raise ValueError(f"it is neither {known} image, or its start is damaged") from None
    with image:
        _check_size(*image.size)
        if (pictures := getattr(image, "n_frames", 1)) > 1:
            raise ValueError(f"it has {pictures} pictures, but a frame is one")
        return _rgb(image)


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= _LONGEST and 0 < height <= _LONGEST):
        raise ValueError(
            f"it claims to be {width} x {height} pixels; at most {_LONGEST} x {_LONGEST} are allowed"
        )


def _rgb(image: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    """The pixels, in an array of their own, as torch wants arrays that may be written to."""
    if image.mode.startswith("I") and "transparency" in image.info:  # which Pillow would clip to see it
        raise ValueError(f"a level of it may be transparent, and {_NO_BACKGROUND}")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise ValueError(f"parts of it are transparent, and {_NO_BACKGROUND}")
        image = image.convert("RGB")
    if image.mode == "I;16" and image.format == "PNG":  # elsewhere white may be less than 65535
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if image.mode not in _EXACT:
        raise ValueError(
            f"its pixels, of Pillow's mode {image.mode}, have no defined white: save it as 8-bit RGB or grey"
        )
    return np.array(image.convert("RGB"))
