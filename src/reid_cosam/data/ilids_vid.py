"""iLIDS-VID: 300 people seen by two cameras, ten splits of 150 and 150, rank only."""

import re
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int64

from reid_cosam.data import matlab, two_cameras
from reid_cosam.data.listing import is_folder, subfolders
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.two_cameras import Frames, People

COUNTS = {
    "train tracklets": 300,
    "train identities": 150,
    "test tracklets": 300,
    "test identities": 150,
    "queries": 150,
    "query identities": 150,
    "gallery tracklets": 150,
    "identities without a query": 0,
    "cameras": 2,
    "frames": 42_459,
    "shortest tracklet": 22,
    "longest tracklet": 192,
}
"""What every split of the whole data set holds."""

LAYOUT = """\
expected
  {root}/
    i-LIDS-VID/sequences/   cam1/person001/cam1_person001_00317.png ... cam2/...
    train-test people splits/train_test_splits_ilidsvid.mat (or splits.json)
or sequences/ and the splits in {root} itself.
Another folder is named with data.root=...; `data=synthetic` needs no download."""

_MAT = Path("train-test people splits") / "train_test_splits_ilidsvid.mat"
_JSON = Path("splits.json")
_FRAMES = Frames(re.compile(r"(?:.*\D)?(?P<frame>\d+)\.png"), "cam1_person001_00317.png")


def read(root: Path | str, split: int, tested_half: Literal["first", "last"]) -> ReidSplits:
    """Read one split of an iLIDS-VID folder. The frames themselves are not opened.

    Args:
        split: 0 to 9.
        tested_half: a split puts all people in an order. Most code tests on the first half of it, some on
            the last. The `test` of a JSON file is the first half.

    Raises:
        FileNotFoundError: a part of the layout is missing.
        ValueError: no such split, or one that does not fit the folders.
    """
    root = Path(root)
    cameras = _cameras(root)
    path = splits_file(root)
    if path.suffix == ".mat":
        people = _mat_split(path, split, cameras)
    else:
        people = two_cameras.json_split(path, split)
    if tested_half == "last":
        people = People(train=people.test, test=people.train)
    return two_cameras.read(cameras, people, _FRAMES, f"{path}, split {split},")


def splits_file(root: Path | str) -> Path:
    """The file that the splits come from: the data set's own `.mat`, else a `splits.json` made from it.

    The `.mat` comes first because some code that wrote the other one took folders in no set order.

    Raises:
        FileNotFoundError: there is neither.
    """
    root = Path(root)
    for name in (_MAT, _JSON):
        for folder in (root, root / "i-LIDS-VID"):
            if (folder / name).is_file():
                return folder / name
    raise FileNotFoundError(
        f"no splits: neither {root / _MAT} nor {root / _JSON} is there; {LAYOUT.format(root=root)}"
    )


def _cameras(root: Path) -> tuple[Path, Path]:
    nested = root / "i-LIDS-VID" / "sequences"
    sequences = nested if is_folder(nested) else root / "sequences"
    cameras = (sequences / "cam1", sequences / "cam2")
    for camera in cameras:
        if not is_folder(camera):
            raise FileNotFoundError(f"{camera} is missing; {LAYOUT.format(root=root)}")
    return cameras


def _mat_split(path: Path, split: int, cameras: tuple[Path, Path]) -> People:
    """A row of `ls_set`, which numbers the sorted person folders from 1, with its first half tested."""
    rows = matlab.integers(path, "ls_set")
    if rows.ndim != 2:
        raise ValueError(f"{path}: ls_set must have a row a split and a column a person, got {rows.shape}")
    two_cameras.check_number(path, split, len(rows))
    row = rows[split]
    people = sorted({folder.name for camera in cameras for folder in subfolders(camera)})
    _check_row(row, people, f"{path}, row {split + 1}", cameras[0].parent)
    names = tuple(people[number - 1] for number in row.tolist())
    return People(test=names[: len(names) // 2], train=names[len(names) // 2 :])


def _check_row(row: Int64[np.ndarray, " n"], people: list[str], source: str, sequences: Path) -> None:
    unknown = row[(row < 1) | (row > len(people))]
    if unknown.size:
        raise ValueError(
            f"{source} names person number {unknown[0]}, but {sequences} has {len(people)} person folders"
        )
    numbers, times = np.unique(row, return_counts=True)
    if len(numbers) < len(row):
        raise ValueError(f"{source} names person number {numbers[times.argmax()]} twice")
    if len(row) != len(people):
        raise ValueError(
            f"{source} names {len(row)} people, but {sequences} has {len(people)} person folders: "
            "with folders too many or missing, its numbers would mean other people"
        )
