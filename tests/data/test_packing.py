"""What is packed, in which order, and what is said of images that cannot be read."""

import json
import os
import zlib
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_cosam.data import packing
from tests.support.packs import pack_tree


def _write_images(root: Path, *paths: str) -> dict[str, bytes]:
    """An image at each path, of a colour of its own; their bytes."""
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 8 + number), (number, 0, 0)).save(root / path)
    return {path: (root / path).read_bytes() for path in paths}


def test_images_are_told_from_other_files_and_hidden_ones_left_out(tmp_path: Path) -> None:
    _write_images(tmp_path, "b/2.jpg", "b/10.jpg", "a/mask.png", "b-c/1.jpg", ".trash/1.jpg", "b/._2.jpg")
    for name in ("info/names.txt", "readme", "b/Thumbs.db", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    found = packing.contents(tmp_path)

    assert found.images == ["a/mask.png", "b-c/1.jpg", "b/10.jpg", "b/2.jpg"]
    assert found.others == ["b/Thumbs.db", "info/names.txt", "readme"]


def test_endings_may_be_in_upper_case(tmp_path: Path) -> None:
    for name in ("1.JPG", "2.jpeg", "3.Png", "4.webp", "5.tif", "6.txt"):
        (tmp_path / name).touch()

    found = packing.contents(tmp_path)

    assert (found.images, found.others) == (["1.JPG", "2.jpeg", "3.Png", "4.webp"], ["5.tif", "6.txt"])


def test_folders_that_are_links_are_followed(tmp_path: Path) -> None:
    _write_images(tmp_path, "elsewhere/1.jpg")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "train").symlink_to(tmp_path / "elsewhere")

    assert packing.contents(tmp_path / "root").images == ["train/1.jpg"]


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        packing.contents(tmp_path / "nowhere")


def test_other_files_are_copied_with_their_folders(tmp_path: Path) -> None:
    (tmp_path / "from" / "info").mkdir(parents=True)
    (tmp_path / "from" / "info" / "a b.mat").write_bytes(b"\x00\r\n")

    pack_tree(tmp_path / "from", tmp_path / "to")

    assert (tmp_path / "to" / "info" / "a b.mat").read_bytes() == b"\x00\r\n"


@pytest.mark.parametrize("workers", [1, 3])
def test_images_lie_behind_one_another_in_their_order(tmp_path: Path, workers: int) -> None:
    images = _write_images(tmp_path, "a/1.jpg", "a/2.png", "b/c/1.jpg")
    (tmp_path / "out").mkdir()
    advanced: list[int] = []

    faults = packing.write(tmp_path, list(images), tmp_path / "out", workers, advanced.append)

    assert (faults, sum(advanced)) == ([], 3)
    content = (tmp_path / "out" / "frames.pack").read_bytes()
    assert content == b"".join(images.values())
    sizes = [len(image) for image in images.values()]
    assert np.load(tmp_path / "out" / "frames.pack.npy").tolist() == [
        (b"a/1.jpg", 0, sizes[0], zlib.crc32(images["a/1.jpg"])),
        (b"a/2.png", sizes[0], sizes[1], zlib.crc32(images["a/2.png"])),
        (b"b/c/1.jpg", sizes[0] + sizes[1], sizes[2], zlib.crc32(images["b/c/1.jpg"])),
    ]
    assert json.loads((tmp_path / "out" / "frames.pack.json").read_text()) == {
        "format": 1,
        "images": 3,
        "bytes": len(content),
        "sha256": {
            "frames.pack": sha256(content).hexdigest(),
            "frames.pack.npy": sha256((tmp_path / "out" / "frames.pack.npy").read_bytes()).hexdigest(),
        },
    }


def test_images_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    images = list(_write_images(tmp_path, "a/1.jpg", "a/2.png", "a/3.png"))
    (tmp_path / "a" / "1.jpg").unlink()
    os.truncate(tmp_path / "a" / "2.png", 40)
    (tmp_path / "out").mkdir()

    faults = packing.write(tmp_path, images, tmp_path / "out", 2, lambda _: None)

    assert len(faults) == 2
    assert faults[0].startswith(f"{tmp_path}/a/1.jpg is missing")
    assert faults[1].startswith(f"cannot decode {tmp_path}/a/2.png (40 bytes)")
