"""Images of every format that frames may have, damaged by chance.

Run in a process of its own, whose end by a signal or by the clock fails a test instead of ending all of them:
`python -m tests.data.corruptions JPEG,PNG 50000`.
"""

import struct
import sys
import warnings
import zlib
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from PIL import Image

from reid_cosam.data.frames import BrokenFrame, decode

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "PPM")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Where readers of numbers go wrong, in the sizes that headers have.
_EXTREMES = (
    b"\x00",
    b"\xff",
    b"\x00\x00",
    b"\xff\xff",
    b"\x7f\xff",
    b"\x80\x00\x00\x00",
    b"\xff\xff\xff\xff",
)


def images(kind: str) -> list[bytes]:
    """Whole images of one format, each in another way of writing it."""
    rng = np.random.default_rng(0)
    colour = Image.fromarray(rng.integers(0, 256, (12, 7, 3), dtype=np.uint8))
    grey, indexed, bits = colour.convert("L"), colour.quantize(16), colour.convert("1")
    deep = Image.fromarray(rng.integers(0, 65536, (12, 7), dtype=np.uint16))
    transparent = Image.merge("RGBA", (*colour.split(), grey))
    match kind:
        case "JPEG":
            ways: list[tuple[Image.Image, Mapping[str, object]]] = [
                (colour, {}),
                (colour, {"progressive": True}),
                (colour, {"subsampling": 0, "restart_marker_blocks": 1}),
                (grey, {}),
                (colour.convert("CMYK"), {}),
            ]
        case "PNG":
            ways = [
                *((image, {}) for image in (colour, grey, indexed, bits, deep, transparent)),
                (indexed, {"transparency": bytes(range(16))}),
                (colour, {"transparency": (1, 2, 3), "dpi": (72, 72)}),
                (colour, {"save_all": True, "append_images": [grey.convert("RGB")]}),
            ]
        case "BMP":
            ways = [(image, {}) for image in (colour, grey, indexed, bits, transparent)]
        case "WEBP":
            ways = [
                (colour, {}),
                (colour, {"lossless": True}),
                (transparent, {}),
                (transparent, {"lossless": True, "exact": True}),
                (colour, {"save_all": True, "append_images": [transparent]}),
            ]
        case _:
            ways = [(image, {}) for image in (colour, grey, bits, deep)]
    written = [_written(image, kind, options) for image, options in ways]
    return written + _by_hand(kind)


def _written(image: Image.Image, kind: str, options: Mapping[str, object]) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _by_hand(kind: str) -> list[bytes]:
    """What Pillow reads but does not write."""
    if kind == "PPM":
        return [
            b"P3\n# text\n2 2 15\n1 2 3 4 5 6 7 8 9 10 11 12\n",
            b"P1 3 2\n1 0 1 0 1 0\n",
            b"P2 2 1 9\n3 9\n",
        ]
    if kind == "BMP":
        palette = bytes(range(16)) * 4
        runs = b"\x07\x01\x00\x00" * 3 + b"\x00\x03\x01\x02\x03\x00\x00\x00\x00\x01"
        head = struct.pack("<IiiHHIIiiII", 40, 7, 4, 1, 8, 1, len(runs), 1, 1, 16, 0)
        offset = 14 + len(head) + len(palette)
        return [struct.pack("<2sIHHI", b"BM", offset + len(runs), 0, 0, offset) + head + palette + runs]
    return []


def corrupted(whole: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """`whole`, damaged in one of the ways that disks, networks and programs have."""
    content, size = bytearray(whole), len(whole)
    first, second = sorted(rng.integers(0, size, 2).tolist())
    match int(rng.integers(8)):
        case 0 | 1:  # flipped bits
            for place in rng.integers(0, size, int(rng.integers(1, 9))):
                content[place] ^= 1 << int(rng.integers(8))
        case 2:  # a copy that was broken off
            del content[first:]
        case 3:  # a block that is lost or was never written
            content[first:second] = bytes(second - first) if rng.integers(2) else b""
        case 4:  # a block of another image
            content[first:second] = other[first:second]
        case 5:  # noise
            content[first:second] = rng.bytes(second - first)
        case _:  # a number in the header
            extreme = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
            place = int(rng.integers(min(size, 80)))
            content[place : place + len(extreme)] = extreme if rng.integers(2) else extreme[::-1]
    return _with_checksums(bytes(content)) if rng.integers(2) else bytes(content)


def _with_checksums(content: bytes) -> bytes:
    """A PNG with the CRC of every chunk as it should be, so that its decoder comes to see the damage."""
    if not content.startswith(_PNG_SIGNATURE):
        return content
    repaired, place = bytearray(content), len(_PNG_SIGNATURE)
    while place + 12 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        repaired[end : end + 4] = zlib.crc32(content[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(repaired)


def check(kind: str, number: int) -> int:
    """Decodes `number` damaged images; returns how many were refused.

    Raises:
        AssertionError: one is neither refused by name nor a frame. Whatever else escapes is raised as it is.
    """
    whole, rng, refused = images(kind), np.random.default_rng(0), 0
    for each in range(number):
        content = corrupted(whole[each % len(whole)], whole[int(rng.integers(len(whole)))], rng)
        name = f"/data/{kind}/{each}.png"
        try:
            frame = decode(content, name)
        except BrokenFrame as error:
            refused += 1
            if not str(error).startswith(f"cannot decode {name} ("):
                raise AssertionError(f"names no file: {error}") from error
            continue
        height, width, channels = frame.shape
        assert (str(frame.dtype), channels) == ("uint8", 3)
        assert 0 < height <= 8192
        assert 0 < width <= 8192
    return refused


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # as users mostly run it: an error would hide what comes after
    for asked in sys.argv[1].split(","):
        print(asked, check(asked, int(sys.argv[2])))  # the format, and how many were refused
