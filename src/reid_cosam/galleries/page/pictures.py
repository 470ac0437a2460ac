"""The pictures of tracklets beside a page."""

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from PIL import Image


@dataclass(frozen=True)
class Picture:
    """Addresses of a thumbnail and of its mask (empty without one), relative to the page; size in pixels."""

    address: str
    masked: str
    width: int
    height: int


def copied_picture(name: str, folder: Path, out: Path) -> Picture | None:
    """Copies a tracklet's thumbnail and its mask, if there is one; None without a picture.

    Args:
        name: of the thumbnail in the table of the gallery.
        folder: of the gallery.
        out: of the page.

    Raises:
        OSError: a file cannot be written.
        ValueError: the thumbnail lies outside of the gallery's folder.
    """
    relative = PurePosixPath(name)
    if not name:
        return None
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError(f"{folder}: the thumbnail {name} lies outside of the gallery's folder")
    try:
        with Image.open(folder / relative) as image:
            width, height = image.size
    except OSError:  # missing or no picture: the page counts it
        return None
    mask = PurePosixPath("masks", relative.name)
    shown = [one for one in (relative, mask) if (folder / one).is_file()]
    for one in shown:
        (out / one).parent.mkdir(parents=True, exist_ok=True)
        if (out / one).resolve() != (folder / one).resolve():
            shutil.copyfile(folder / one, out / one)
    return Picture(quote(str(relative)), quote(str(mask)) if mask in shown else "", width, height)
