"""iLIDS-VID: 300 people seen by two cameras, ten splits of 150 and 150, rank only."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reid_cosam.data.readers.listing import FrameNames, subfolders
from reid_cosam.data.readers.matlab import integers
from reid_cosam.data.readers.two_cameras import People, TwoCameras, check_number, json_split

_MAT = "train-test people splits/train_test_splits_ilidsvid.mat"


@dataclass(frozen=True)
class IlidsVid(TwoCameras):
    """One split of iLIDS-VID: `split` is 0 to 9.

    >>> splits = IlidsVid(split=0, tested_half="first").read("datasets/ilids_vid")
    >>> len(splits.train), len(splits.query), len(splits.gallery)
    (6, 3, 3)

    The splits come from the data set's own `.mat`, else from a `splits.json` made from it: some code that
    wrote the latter took folders in no set order.

    Attributes:
        tested_half: a split puts all people in an order. Most code tests on the first half of it, some on
            the last. The `test` of a JSON file is the first half.

    Raises:
        ValueError: `tested_half` is another word.
    """

    tested_half: Literal["first", "last"]

    counts = {  # noqa: RUF012, the same in every split
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
    layout = """\
expected
  {root}/
    i-LIDS-VID/sequences/   cam1/person001/cam1_person001_00317.png ... cam2/...
    train-test people splits/train_test_splits_ilidsvid.mat (or splits.json)
or sequences/ and the splits in {root} itself."""
    parents = ("i-LIDS-VID/sequences", "sequences")
    cameras = ("cam1", "cam2")
    splits_files = (_MAT, f"i-LIDS-VID/{_MAT}", "splits.json", "i-LIDS-VID/splits.json")
    frame_names = FrameNames(re.compile(r"(?:.*\D)?(?P<frame>\d+)\.png"), "cam1_person001_00317.png")

    def __post_init__(self) -> None:
        if self.tested_half not in ("first", "last"):
            raise ValueError(f"tested_half must be first or last, got {self.tested_half!r}")

    def people(self, path: Path, cameras: tuple[Path, Path]) -> People:
        is_json = path.suffix == ".json"
        people = json_split(path, self.split) if is_json else _mat_split(path, self.split, cameras)
        return people if self.tested_half == "first" else People(train=people.test, test=people.train)


def _mat_split(path: Path, split: int, cameras: tuple[Path, Path]) -> People:
    """A row of `ls_set`, which numbers the sorted person folders from 1, with its first half tested."""
    rows = integers(path, "ls_set")
    if rows.ndim != 2:
        raise ValueError(
            f"{path}: ls_set must have one row per split and one column per person, got {rows.shape}"
        )
    check_number(path, split, len(rows))
    numbers = rows[split].tolist()
    people = sorted({folder.name for camera in cameras for folder in subfolders(camera)})
    found, expected = Counter(numbers), Counter(range(1, len(people) + 1))
    wrong = sorted((found - expected) + (expected - found))
    if wrong:  # with folders too many or missing, the numbers would mean other people
        raise ValueError(
            f"{path}, row {split + 1} must name each of the {len(people)} person folders in "
            f"{cameras[0].parent} once, by numbers from 1, but names number {wrong[0]} "
            f"{found[wrong[0]]} times: folders are missing, or the file is of another data set"
        )
    names = tuple(people[number - 1] for number in numbers)
    return People(test=names[: len(names) // 2], train=names[len(names) // 2 :])
