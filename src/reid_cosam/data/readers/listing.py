"""Lists the folders and frames of a data set, in the same order on every file system and in a pack.

Hidden entries do not count: unpacking leaves them on some systems.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from reid_cosam.data import packed

READ = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".pbm"})
_NOT_READ = frozenset({".jpe", ".jfif", ".jp2", ".gif", ".tif", ".tiff", ".avif", ".heic"})


class FrameNames(NamedTuple):
    """How a data set names its frames: a pattern whose group `frame` is the number, and an example."""

    pattern: re.Pattern[str]
    example: str


def is_image(name: str) -> bool:
    """Whether a file is named as an image that frames may be, in upper case or lower."""
    return _suffix(name) in READ


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122, a tenth of the time of pathlib


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, or a pack has images of it."""
    return path.is_dir() or packed.has_folder(path)


def require(paths: Iterable[Path], layout: str, root: Path) -> None:
    """Raise FileNotFoundError, with the layout expected under `root`, unless all files and folders exist."""
    for path in paths:
        if not path.is_file() and not is_folder(path):
            raise FileNotFoundError(f"{path} is missing; {layout.format(root=root)}")


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, by name."""
    return [folder / name for name, is_dir in sorted(_entries(folder)) if is_dir]


def frames(folder: Path, names: FrameNames) -> list[re.Match[str]]:
    """The names of the frames in `folder`, in order of frame number.

    A frame is a file with the suffix of the example. All of them must match the pattern: numbers may have
    gaps, so names are read, never made up.

    Raises:
        ValueError: there is no frame, one that does not match, or an image with another suffix.
    """
    suffix = Path(names.example).suffix
    matches = []
    for name in sorted(name for name, _ in _entries(folder)):
        if not name.endswith(suffix):
            if _suffix(name) in READ | _NOT_READ:  # left out, it would be lost without a word
                raise ValueError(
                    f"{folder / name} is an image, but the frames of this data set end in {suffix}: rename "
                    "it if it is a frame, else move it elsewhere"
                )
        elif match := names.pattern.fullmatch(name):
            matches.append(match)
        else:
            raise ValueError(
                f"{folder / name} is not named as a frame of this data set, such as {names.example}"
            )
    if not matches:
        raise ValueError(
            f"{folder} has no frames (*{suffix}) such as {names.example}: part of the data set is missing"
        )
    return sorted(matches, key=lambda match: (int(match["frame"]), match.string))


def images(folder: Path, skipped: str | None = None) -> Iterator[str]:
    """Paths of all images under `folder`; the folder `skipped` in it is left out.

    Raises:
        ValueError: a folder has neither folders nor images, or an image of a kind that is not read.
    """
    found = sorted(_entries(folder))
    inner = [name for name, is_dir in found if is_dir]
    files = [name for name, is_dir in found if not is_dir]
    if unread := [name for name in files if _suffix(name) in _NOT_READ]:
        raise ValueError(
            f"{folder / unread[0]} is an image of a kind that is not read; frames end in "
            f"{', '.join(sorted(READ))}: convert it, or move it elsewhere"
        )
    names = [name for name in files if _suffix(name) in READ]
    if not inner and not names:
        raise ValueError(f"{folder} is empty: it should have frames; restore them, or delete the folder")
    for name in inner:
        if name != skipped:
            yield from images(folder / name)
    yield from (f"{folder}/{name}" for name in names)


def names_in(folder: Path) -> frozenset[str]:
    """Names of files and folders in `folder`; none where there is no such folder."""
    return frozenset(name for name, _ in _entries(folder)) if is_folder(folder) else frozenset()


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """Names in a folder, and whether each is a folder; hidden ones are left out."""
    found = packed.find(str(folder))
    if found is not None:
        entries = list(found.entries())
    else:
        with os.scandir(folder) as scanned:
            entries = [(entry.name, entry.is_dir()) for entry in scanned]
    return [(name, is_dir) for name, is_dir in entries if not name.startswith(".")]
