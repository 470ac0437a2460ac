import re
from pathlib import Path

import pytest

from reid_cosam.data.readers.listing import FrameNames, frames, images, subfolders

NAMES = FrameNames(re.compile(r"f(?P<frame>\d+)\.png"), "f1.png")


def _touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


def test_folders_come_by_name_without_files_and_hidden_ones(tmp_path: Path) -> None:
    for name in ("b", "a", "c", ".hidden"):
        (tmp_path / name).mkdir()
    _touch(tmp_path, "0.txt")

    assert subfolders(tmp_path) == [tmp_path / "a", tmp_path / "b", tmp_path / "c"]


def test_frames_come_by_number_whatever_its_digits_and_gaps(tmp_path: Path) -> None:
    _touch(tmp_path, "f10.png", "f9.png", "f0100.png", "f2.png")

    assert [one.string for one in frames(tmp_path, NAMES)] == [
        "f2.png",
        "f9.png",
        "f10.png",
        "f0100.png",
    ]


def test_other_types_and_hidden_files_are_no_frames(tmp_path: Path) -> None:
    _touch(tmp_path, "f1.png", "Thumbs.db", "._f1.png")

    assert [one.string for one in frames(tmp_path, NAMES)] == ["f1.png"]


def test_a_name_of_another_style_is_named_with_an_example(tmp_path: Path) -> None:
    _touch(tmp_path, "f1.png", "frame2.png")

    with pytest.raises(ValueError, match=r"frame2\.png is not named as a frame .*, such as f1\.png"):
        frames(tmp_path, NAMES)


@pytest.mark.parametrize("other", ["f2.PNG", "f2.jpg", "f2.JPG", "f2.Jpeg", "photo.bmp", "f2.tiff", "f2.gif"])
def test_an_image_that_would_be_left_out_is_named(tmp_path: Path, other: str) -> None:
    _touch(tmp_path, "f1.png", other)

    with pytest.raises(ValueError, match=rf"^{re.escape(str(tmp_path / other))} .* end in \.png"):
        frames(tmp_path, NAMES)


def test_a_folder_of_images_with_another_ending_is_named(tmp_path: Path) -> None:
    _touch(tmp_path, "f2.PNG", "f1.PNG")

    with pytest.raises(ValueError, match=rf"^{re.escape(str(tmp_path / 'f1.PNG'))} "):
        frames(tmp_path, NAMES)


def test_hidden_images_do_not_count(tmp_path: Path) -> None:
    _touch(tmp_path, "f1.png", "._f1.PNG")

    assert [one.string for one in frames(tmp_path, NAMES)] == ["f1.png"]


def test_a_folder_without_frames_is_named(tmp_path: Path) -> None:
    _touch(tmp_path, "Thumbs.db")

    with pytest.raises(ValueError, match=rf"{tmp_path} has no frames \(\*\.png\)"):
        frames(tmp_path, NAMES)


def test_images_are_listed_by_name_whatever_their_kind_without_hidden_ones(tmp_path: Path) -> None:
    _touch(tmp_path, "b.JPG", "a.png", "._a.png", "Thumbs.db")

    assert list(images(tmp_path)) == [f"{tmp_path}/a.png", f"{tmp_path}/b.JPG"]


def test_an_image_of_a_kind_that_is_not_read_is_named(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "b.gif")

    with pytest.raises(ValueError, match=rf"^{re.escape(str(tmp_path / 'b.gif'))} "):
        list(images(tmp_path))
