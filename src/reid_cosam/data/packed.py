"""Where an image is read from: a file of its own, or the pack of its data set (`pack_file.py`).

A process opens a pack when it first reads from it and looks for one once per folder, so that folders of plain
files cost next to nothing. Folders are remembered by the name they were asked for: who changes the working
directory names data absolutely.
"""

import os
from collections.abc import Iterator
from functools import cache
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from reid_cosam.data.pack_file import IMAGES, INDEX, RECORD, Pack


class PackedFolder(NamedTuple):
    """A folder of a packed data set: the paths of its images in the pack start with `prefix`."""

    pack: Pack
    prefix: str

    def entries(self) -> Iterator[tuple[str, bool]]:
        """Names in the folder, and whether each is a folder."""
        return self.pack.entries(self.prefix)


@cache
def find(folder: str) -> PackedFolder | None:
    """The pack with the images under `folder`; None where they are files of their own.

    A pack is recognised by the file of its images: one name per folder keeps network disks quick.

    Raises:
        FileNotFoundError, ValueError: as `Pack`.
    """
    return _at_or_above(str(_absolute(folder)))


def _absolute(folder: str) -> Path:
    # To resolve a link takes a look at every folder on the way, so only where names alone would not do.
    return Path(folder).resolve() if ".." in folder else Path(folder).absolute()


@cache
def _at_or_above(folder: str) -> PackedFolder | None:
    if Path(folder, IMAGES).exists():
        return PackedFolder(Pack(Path(folder)), "")
    parent, _, name = folder.rpartition("/")
    above = _at_or_above(parent or "/") if name else None
    return None if above is None else PackedFolder(above.pack, f"{above.prefix}{name}/")


def has_folder(folder: Path) -> bool:
    """Whether a pack has images under `folder`.

    Raises:
        FileNotFoundError, ValueError: as `Pack`, also where only its images are gone.
    """
    found = find(str(folder))
    if found is not None:
        return any(found.entries())
    place = _absolute(str(folder))
    for above in (place, *place.parents):
        if (above / INDEX).exists() or (above / RECORD).exists():
            Pack(above)
    return False


def forget() -> None:
    """Look for packs again: for who has just made one."""
    find.cache_clear()
    _at_or_above.cache_clear()


def read_bytes(path: str) -> bytes:
    """The content of an image, from a pack or from a file of its own.

    Raises:
        FileNotFoundError: there is no such image.
        ValueError: the pack that should contain it is damaged.
    """
    start = path.rfind("/") + 1
    found = find(path[:start])
    if found is not None:
        return found.pack.read(found.prefix + path[start:])
    with FileIO(path, opener=_open) as file:  # half of the time of `Path(path).read_bytes()`
        return file.readall() or b""


def _open(path: str, flags: int) -> int:
    """Does not wait for whoever might write into a pipe of that name."""
    return os.open(path, flags | os.O_NONBLOCK)
