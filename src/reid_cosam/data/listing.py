"""Lists the folders and frames of a data set, in the same order on every file system and in a pack.

Hidden entries do not count: unpacking leaves them on some systems.
"""

import os
import re
from pathlib import Path

from reid_cosam.data import packed

_READ = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".pbm"})
_NOT_READ = frozenset({".jpe", ".jfif", ".jp2", ".gif", ".tif", ".tiff", ".avif", ".heic"})


def is_image(name: str) -> bool:
    """Whether a file is named as an image that frames may be, in upper case or lower."""
    return _suffix(name) in _READ


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, or a pack holds images of it."""
    return path.is_dir() or packed.holds_folder(str(path))


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, by name."""
    found = packed.find(str(folder))
    if found is None:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    else:
        names = [name for name, is_dir in found.entries() if is_dir]
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def frames(folder: Path, name: re.Pattern[str], example: str) -> list[re.Match[str]]:
    """The names of the frames in `folder`, in order of frame number.

    A frame is a file with the suffix of `example`. All of them must match `name`, whose group `frame` is the
    number: numbers may have gaps, so names are read, never made up.

    Raises:
        ValueError: there is no frame, one that does not match, or an image with another suffix.
    """
    suffix = Path(example).suffix
    visible = [name for name in _names(folder) if not name.startswith(".")]
    names = [name for name in visible if name.endswith(suffix)]
    if len(names) < len(visible):
        _refuse_other_images(folder, visible, suffix)
    if not names:
        raise ValueError(f"{folder} holds no frames (*{suffix}): part of the data set is missing")
    matches = [_match(folder, one, name, example) for one in names]
    return sorted(matches, key=lambda match: (int(match["frame"]), match.string))


def _refuse_other_images(folder: Path, names: list[str], suffix: str) -> None:
    """Left out, a frame with another ending would be lost without a word."""
    for name in sorted(names):
        if not name.endswith(suffix) and _suffix(name) in _READ | _NOT_READ:
            raise ValueError(
                f"{folder / name} is an image, but the frames of this data set end in {suffix}: rename it if "
                "it is a frame, else move it elsewhere"
            )


def _names(folder: Path) -> list[str]:
    found = packed.find(str(folder))
    if found is not None:
        return [name for name, _ in found.entries()]
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _match(folder: Path, file: str, name: re.Pattern[str], example: str) -> re.Match[str]:
    match = name.fullmatch(file)
    if match is None:
        raise ValueError(f"{folder / file} is not named as a frame of this data set, such as {example}")
    return match
