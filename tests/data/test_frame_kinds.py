"""Which kinds of images frames may be: what is read is exact, and what cannot be is refused by name."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_cosam.data.frames import BrokenFrame, decode, read_frame

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 4, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (6, 4), dtype=np.uint8)


def _written(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _png(depth: int, colour: int, rows: list[bytes], before: bytes = b"") -> bytes:
    """A PNG of one picture, written by hand: Pillow does not write all that it reads."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    width = len(rows[0]) * 8 // depth // {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + ((chunk(b"tRNS", before) if before else b"") + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    )


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "WEBP"])
def test_colour_is_read_as_it_is(kind: str) -> None:
    content = _written(Image.fromarray(COLOUR), kind, **({"lossless": True} if kind == "WEBP" else {}))

    np.testing.assert_array_equal(decode(content, "frame"), COLOUR)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM"])
def test_grey_has_three_equal_channels(kind: str) -> None:
    frame = decode(_written(Image.fromarray(GREY), kind), "frame")

    np.testing.assert_array_equal(frame, np.stack([GREY] * 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_a_palette_gives_its_colours(kind: str) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])

    frame = decode(_written(image, kind), "frame")

    assert frame.tolist() == [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM"])
def test_black_and_white_are_0_and_255(kind: str) -> None:
    frame = decode(_written(Image.fromarray(GREY > 127), kind), "frame")

    np.testing.assert_array_equal(frame[:, :, 0], np.where(GREY > 127, 255, 0))


def test_of_16_bits_the_upper_8_are_taken_in_grey_and_in_colour() -> None:
    levels = struct.pack(">6H", 0x0000, 0x00FF, 0x1234, 0x80FF, 0xFF00, 0xFFFF)

    grey, colour = decode(_png(16, 0, [levels]), "frame"), decode(_png(16, 2, [levels]), "frame")

    assert grey.tolist() == [[[level] * 3 for level in (0, 0, 0x12, 0x80, 0xFF, 0xFF)]]
    assert colour.tolist() == [[[0, 0, 0x12], [0x80, 0xFF, 0xFF]]]
    assert grey.flags.writeable


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_that_hides_nothing_is_left_out(mode: str) -> None:
    colour, grey = Image.fromarray(COLOUR), Image.fromarray(GREY)
    full = Image.new("L", grey.size, 255)
    image = Image.merge("LA", (grey, full)) if mode == "LA" else Image.merge("RGBA", (*colour.split(), full))

    frame = decode(_written(image, "PNG"), "frame")

    np.testing.assert_array_equal(frame, np.stack([GREY] * 3, axis=2) if mode == "LA" else COLOUR)


def _transparent() -> Image.Image:
    image = Image.fromarray(COLOUR).convert("RGBA")
    image.putpixel((2, 3), (1, 2, 3, 254))
    return image


def _colour_key() -> bytes:
    return _written(Image.fromarray(COLOUR), "PNG", transparency=tuple(COLOUR[3, 2].tolist()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_written(_transparent(), "PNG"), "transparent"),
        (_written(_transparent().convert("LA"), "PNG"), "transparent"),
        (_written(_transparent(), "WEBP", lossless=True), "transparent"),
        (_colour_key(), "transparent"),
        (_written(Image.fromarray(GREY).quantize(4), "PNG", transparency=1), "transparent"),
        (_png(16, 0, [struct.pack(">2H", 0, 0x80FF)], before=struct.pack(">H", 7)), "transparent"),
        (_written(Image.fromarray(GREY.astype(np.uint16) * 257), "PPM"), "mode I,"),
        (_written(Image.fromarray(GREY.astype(np.float32)), "TIFF"), "neither a JPEG, PNG"),
        (_written(Image.fromarray(GREY.astype(np.int32)), "TIFF"), "neither a JPEG, PNG"),
        (_written(Image.fromarray(GREY.astype(np.uint16)), "TIFF"), "neither a JPEG, PNG"),
        (_written(Image.fromarray(GREY), "GIF"), "neither a JPEG, PNG"),
        (b"Pf\n2 1\n-1.0\n" + struct.pack("<2f", 0.5, 1), "mode F,"),
        (
            _written(Image.fromarray(COLOUR), "PNG", save_all=True, append_images=[Image.new("RGB", (4, 6))]),
            "2 pictures",
        ),
        (
            _written(
                Image.fromarray(COLOUR), "WEBP", save_all=True, append_images=[Image.new("RGB", (4, 6))]
            ),
            "2 pictures",
        ),
    ],
    ids=[
        "RGBA",
        "LA",
        "WebP with alpha",
        "transparent colour",
        "transparent index",
        "transparent level of 16 bits",
        "PGM of 16 bits",
        "float",
        "32 bits",
        "TIFF",
        "GIF",
        "PFM",
        "APNG",
        "moving WebP",
    ],
)
def test_what_cannot_be_read_faithfully_is_refused_by_name(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "frame.png"
    path.write_bytes(content)

    with pytest.raises(BrokenFrame, match=rf"^cannot decode {path} \({len(content)} bytes\): .*{reason}"):
        read_frame(str(path), 6, 4)


def test_a_rotation_in_the_metadata_is_ignored_in_every_format() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    image = Image.fromarray(COLOUR)

    np.testing.assert_array_equal(decode(_written(image, "PNG", exif=exif), "frame"), COLOUR)
    turned, plain = _written(image, "JPEG", exif=exif), _written(image, "JPEG")
    np.testing.assert_array_equal(decode(turned, "frame"), decode(plain, "frame"))
