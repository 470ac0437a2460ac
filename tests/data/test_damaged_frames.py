"""Frames that cannot be decoded: whatever is wrong with their content, one error names the file."""

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import EpsImagePlugin

from reid_cosam.data.frames import BrokenFrame, decode
from tests.data.corruptions import FORMATS


def _png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, with hardly a pixel behind it."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(30))
    chunks = (
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (header, pixels)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _jpeg_of_size(width: int, height: int) -> bytes:
    content = bytearray(simplejpeg.encode_jpeg(np.zeros((8, 8, 3), dtype=np.uint8)))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        _png_of_size(50_000, 50_000),
        _png_of_size(9_000, 9_000),
        _png_of_size(12_000, 12_000),  # Pillow warns of these and reads on
        _png_of_size(2**31 - 1, 1),
        _jpeg_of_size(65_500, 65_500),
        b"P6 50000 50000 255\n",
        b"P6 0 5 255\n",
    ],
    ids=["50000", "9000", "12000", "one row", "JPEG", "PPM", "nothing"],
)
def test_a_header_that_claims_a_size_beyond_reason_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenFrame, match=r"^cannot decode /data/0001\.png \("):
        decode(content, "/data/0001.png")


def test_eps_never_reaches_ghostscript(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *arguments, **_: reached.append(arguments))
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 2 2\n%%EndComments\nshowpage\n%%EOF\n"

    with pytest.raises(BrokenFrame, match=r"^cannot decode /data/0001\.png .* neither a JPEG, PNG"):
        decode(eps, "/data/0001.png")

    assert not reached


@pytest.mark.parametrize(
    "error", [TypeError("x"), OverflowError("x"), MemoryError(), IndexError("x"), KeyError(1)]
)
def test_whatever_a_decoder_raises_names_the_file(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("PIL.Image.open", fail)

    with pytest.raises(BrokenFrame, match=r"^cannot decode /data/0001\.png \(3 bytes\): (x|MemoryError|1);"):
        decode(b"abc", "/data/0001.png")


def test_an_interruption_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("PIL.Image.open", interrupt)

    with pytest.raises(KeyboardInterrupt):
        decode(b"abc", "/data/0001.png")


def test_an_unknown_format_is_named_without_a_buffer_s_address() -> None:
    with pytest.raises(BrokenFrame) as error:
        decode(b"<html>", "/data/0001.png")

    assert "BytesIO" not in str(error.value)


def _decode_damaged(kinds: str, number: int) -> subprocess.CompletedProcess[str]:
    """Decodes damaged images in a process of its own: one that crashes or hangs fails this test alone."""
    return subprocess.run(
        [sys.executable, "-m", "tests.data.corruptions", kinds, str(number)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_of_2000_damaged_images_each_is_refused_by_name_or_read() -> None:
    done = _decode_damaged(",".join(FORMATS), 400)

    assert (done.returncode, done.stderr) == (0, "")
    refused = {kind: int(number) for kind, number in map(str.split, done.stdout.splitlines())}
    assert list(refused) == list(FORMATS)
    assert all(100 < number < 400 for number in refused.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_of_50000_damaged_images_of_a_format_none_escapes(kind: str) -> None:
    done = _decode_damaged(kind, 50_000)

    assert (done.returncode, done.stderr) == (0, "")
