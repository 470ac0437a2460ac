from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from reid_cosam.data.frames import read_clip, read_frame


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A 24 x 12 JPEG with subsampled colour, where decoders differ if they take short cuts."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 12, 3), dtype=np.uint8)
    path = tmp_path / "photo.jpg"
    path.write_bytes(simplejpeg.encode_jpeg(noise, quality=80, colorsubsampling="420"))
    return path


def test_jpeg_equals_pillow_bit_by_bit(photo: Path) -> None:
    frame = read_frame(str(photo), 24, 12)

    np.testing.assert_array_equal(frame, np.asarray(Image.open(photo).convert("RGB")))


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("size", [(12, 6), (32, 20), (31, 20), (17, 9), (50, 7), (256, 128)])
def test_a_resized_frame_is_pillows_bilinear_one_to_a_level(
    photo: Path, size: tuple[int, int], suffix: str
) -> None:
    image = Image.open(photo).convert("RGB")
    image.save(photo.with_suffix(".png"))

    frame = read_frame(str(photo.with_suffix(f".{suffix}")), *size)

    resized = image.resize(size[::-1], Image.Resampling.BILINEAR)
    assert np.abs(frame.astype(int) - np.asarray(resized).astype(int)).max() <= 1


def test_frames_may_be_written_to(photo: Path) -> None:
    Image.open(photo).save(photo.with_suffix(".png"))

    for path in (photo, photo.with_suffix(".png")):
        assert read_frame(str(path), 24, 12).flags.writeable  # as torch wants arrays that it shares


def test_grey_jpeg_has_three_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    (tmp_path / "grey.jpg").write_bytes(
        simplejpeg.encode_jpeg(grey, colorspace="GRAY", colorsubsampling="Gray")
    )

    frame = read_frame(str(tmp_path / "grey.jpg"), 8, 8)

    np.testing.assert_array_equal(
        frame, np.asarray(Image.open(tmp_path / "grey.jpg"))[:, :, None].repeat(3, axis=2)
    )


def test_the_content_decides_the_format_not_the_suffix(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "named.jpg", format="PNG")

    np.testing.assert_array_equal(read_frame(str(tmp_path / "named.jpg"), 6, 4), pixels)


def test_a_clip_holds_its_frames_in_the_order_asked_for(photo: Path, tmp_path: Path) -> None:
    Image.new("RGB", (12, 24), (9, 8, 7)).save(tmp_path / "plain.png")
    paths = [str(tmp_path / "plain.png"), str(photo), str(tmp_path / "plain.png")]

    clip = read_clip(paths, 24, 12)

    np.testing.assert_array_equal(clip, np.stack([read_frame(path, 24, 12) for path in paths]))


@pytest.mark.parametrize("kept", [0, 2, 300, -2])
def test_a_truncated_jpeg_is_named_with_the_remedy(photo: Path, kept: int) -> None:
    photo.write_bytes(photo.read_bytes()[:kept])

    with pytest.raises(ValueError, match=r"photo\.jpg .*replace the file.*reid-cosam verify"):
        read_frame(str(photo), 24, 12)


@pytest.mark.parametrize("kept", [8, 40, 100])
def test_a_truncated_png_is_named_with_the_remedy(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(ValueError, match=r"cut\.png .*replace the file.*reid-cosam verify"):
        read_frame(str(path), 9, 9)


def test_a_corrupt_jpeg_is_refused_though_it_could_be_patched_up(photo: Path) -> None:
    content = bytearray(photo.read_bytes())
    content[-40:-20] = b"\xff\xd0" * 10  # restart markers where none belong: decoders only warn

    photo.write_bytes(content)

    with pytest.raises(ValueError, match=r"photo\.jpg"):
        read_frame(str(photo), 24, 12)


def test_a_web_page_saved_as_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>not found</html>")

    with pytest.raises(ValueError, match=r"page\.jpg"):
        read_frame(str(tmp_path / "page.jpg"), 8, 8)


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        read_clip([str(tmp_path / "gone.jpg")], 8, 8)
