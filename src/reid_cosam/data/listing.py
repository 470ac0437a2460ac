"""Lists the folders and frames of a data set, in the same order on every file system.

Hidden entries do not count: unpacking leaves them on some systems.
"""

import os
import re
from pathlib import Path


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, by name."""
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    return [folder / name for name in names]


def frames(folder: Path, name: re.Pattern[str], example: str) -> list[re.Match[str]]:
    """The names of the frames in `folder`, in order of frame number.

    A frame is a file with the suffix of `example`. All of them must match `name`, whose group `frame` is the
    number: numbers may have gaps, so names are read, never made up.

    Raises:
        ValueError: there is no frame, or one that does not match.
    """
    suffix = Path(example).suffix
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.name.endswith(suffix) and not e.name.startswith(".")]
    if not names:
        raise ValueError(f"{folder} holds no frames (*{suffix}): part of the data set is missing")
    matches = [_match(folder, one, name, example) for one in names]
    return sorted(matches, key=lambda match: (int(match["frame"]), match.string))


def _match(folder: Path, file: str, name: re.Pattern[str], example: str) -> re.Match[str]:
    match = name.fullmatch(file)
    if match is None:
        raise ValueError(f"{folder / file} is not named as a frame of this data set, such as {example}")
    return match
