"""A picture of a rendered data set: some identities, seen by every camera, each with its mask."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from reid_cosam.data.masks import mask_path

GAP = 4


def contact_sheet(folder: Path, identities: int = 6, frames: int = 3) -> Image.Image:
    """One row an identity of the test split; for each camera `frames` frames and the middle one's mask.

    Raises:
        FileNotFoundError: the folder holds no rendered test split.
    """
    strangers = ("0000", "00-1")
    people = sorted(path for path in (folder / "bbox_test").glob("*") if path.name not in strangers)
    if not people:
        raise FileNotFoundError(f"{folder} holds no rendered test identities; render it with `ensure` first")
    step = max(1, len(people) // identities)
    rows = [_row(person, frames) for person in people[::step][:identities]]
    width, height = rows[0].size
    sheet = Image.new("RGB", (width, len(rows) * (height + GAP) - GAP), "white")
    for number, row in enumerate(rows):
        sheet.paste(row, (0, number * (height + GAP)))
    return sheet


def _row(person: Path, frames: int) -> Image.Image:
    cameras = sorted({path.name[4:6] for path in person.iterdir()})
    cells = [_spread(sorted(person.glob(f"*{camera}T0001F*.jpg")), frames) for camera in cameras]
    with Image.open(cells[0][0]) as image:
        width, height = image.size
    block = (frames + 1) * width + GAP
    row = Image.new("RGB", (len(cameras) * block - GAP, height), "white")
    for camera, paths in enumerate(cells):
        pictures = [*paths, mask_path(str(paths[len(paths) // 2]), person.parents[1])]
        for position, path in enumerate(pictures):
            with Image.open(path) as image:
                row.paste(image.convert("RGB"), (camera * block + position * width, 0))
    return row


def _spread(paths: Sequence[Path], count: int) -> list[Path]:
    """`count` of the paths, evenly spaced; a short tracklet repeats some."""
    return [paths[round(index * (len(paths) - 1) / max(count - 1, 1))] for index in range(count)]
