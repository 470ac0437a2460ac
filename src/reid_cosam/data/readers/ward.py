"""WARD: 70 people, each of whom passes three cameras once. Its author's repository has the images."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import FrameNames, frames, is_folder, require
from reid_cosam.data.tracklet import ReidSplits, Tracklet

SPLITS = 10
_NESTED = "toolbox/Datasets/WARD"
_LAYOUT = """\
expected
  {root}/
    toolbox/Datasets/WARD/   000100010001.png ... (person, camera, frame: four digits each)
or these images in {root} itself. They come with `git clone https://github.com/iN1k1/CVPR2012`."""
_FRAMES = FrameNames(re.compile(r"(?P<pid>\d{4})(?P<camid>\d{4})(?P<frame>\d{4})\.png"), "000100010001.png")


@dataclass(frozen=True)
class Ward(DatasetReader):
    """One of ten seeded splits of WARD (Martinel and Micheloni, 2012), which has no official one.

    `numpy.random.default_rng(split)` permutes the sorted people. Training takes the first half of them,
    rounded up: 35 of 70. Each passage of the others is cut into two halves of consecutive frames, the first
    of which has the odd frame: first halves are the queries, second halves the gallery, 105 each.

    >>> splits = Ward(split=0).read("datasets/ward")
    >>> len(splits.train), len(splits.query), len(splits.gallery)
    (6, 6, 6)

    Attributes:
        split: 0 to 9.
    """

    split: Annotated[int, Ge(0)]

    counts = {  # noqa: RUF012, the same in every split
        "train tracklets": 105,
        "train identities": 35,
        "test tracklets": 210,
        "test identities": 35,
        "queries": 105,
        "query identities": 35,
        "gallery tracklets": 105,
        "identities without a query": 0,
        "cameras": 3,
        "frames": 4786,
    }

    def read(self, root: Path | str) -> ReidSplits:
        """As `DatasetReader.read`.

        Raises:
            ValueError: also if `split` is not 0 to 9, or a tested passage has a single frame.
        """
        if not 0 <= self.split < SPLITS:
            raise ValueError(f"split={self.split} does not exist: WARD has the splits 0 to {SPLITS - 1}")
        folder = self.folder(root)
        require([folder], _LAYOUT, Path(root))
        passages = _passages(folder)
        people = np.random.default_rng(self.split).permutation(sorted({one.pid for one in passages}))
        trained = set(people[: -(-len(people) // 2)].tolist())
        tested = [_halves(one) for one in passages if one.pid not in trained]
        return ReidSplits(
            train=tuple(one for one in passages if one.pid in trained),
            query=tuple(first for first, _ in tested),
            gallery=tuple(second for _, second in tested),
        )

    def folder(self, root: Path | str) -> Path:
        """The folder of the images themselves, also where `root` is a clone of the repository."""
        nested = Path(root) / _NESTED
        return nested if is_folder(nested) else Path(root)


def _passages(folder: Path) -> list[Tracklet]:
    """All passages, by person and camera."""
    names = defaultdict(list)
    for name in frames(folder, _FRAMES):
        names[int(name["pid"]), int(name["camid"])].append(f"{folder}/{name.string}")
    return [Tracklet(tuple(paths), *key) for key, paths in sorted(names.items())]


def _halves(passage: Tracklet) -> tuple[Tracklet, Tracklet]:
    middle = -(-len(passage) // 2)
    if middle == len(passage):
        raise ValueError(
            f"{passage.frames[0]} is the only frame of its passage, which cannot be cut into a query and a "
            "gallery tracklet: frames are missing"
        )
    first, second = passage.frames[:middle], passage.frames[middle:]
    return Tracklet(first, passage.pid, passage.camid), Tracklet(second, passage.pid, passage.camid)
