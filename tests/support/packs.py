"""Packs tiny data sets for tests."""

from contextlib import nullcontext
from pathlib import Path

from reid_cosam.data import packing


def pack_tree(root: Path, folder: Path) -> Path:
    """Packs the data set at `root` into the new `folder`, every image of it readable."""
    packing.pack(root, (), folder, 1, lambda *_: nullcontext(lambda _: None))
    return folder
