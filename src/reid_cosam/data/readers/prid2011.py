"""PRID2011: 178 people with enough frames in both cameras, ten splits of 89 and 89, rank only."""

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from reid_cosam.data.readers.listing import FrameNames
from reid_cosam.data.readers.two_cameras import People, TwoCameras, json_split
from reid_cosam.data.tracklet import ReidSplits, Tracklet

MIN_FRAMES = 21
"""Splits keep people with at least so many frames in each camera."""


@dataclass(frozen=True)
class Prid2011(TwoCameras):
    """One split of the 178 people; the data set shows 200 in both cameras, in 40,033 frames.

    >>> splits = Prid2011(split=0).read("datasets/prid2011")
    >>> len(splits.train), len(splits.query), len(splits.gallery)
    (6, 3, 3)
    """

    counts = {  # noqa: RUF012, the same in every split
        "train tracklets": 178,
        "train identities": 89,
        "test tracklets": 178,
        "test identities": 89,
        "queries": 89,
        "query identities": 89,
        "gallery tracklets": 89,
        "identities without a query": 0,
        "cameras": 2,
    }
    unknown = (
        "nothing published says how many frames each tracklet has, so frames lost at its end cannot be "
        "detected"
    )
    layout = """\
expected
  {root}/
    prid_2011/multi_shot/   cam_a/person_0001/0001.png ... cam_b/...
    splits_prid2011.json (or splits.json)
or multi_shot/ in {root} itself."""
    parents = ("prid_2011/multi_shot", "multi_shot")
    cameras = ("cam_a", "cam_b")
    splits_files = ("splits_prid2011.json", "splits.json")
    frame_names = FrameNames(re.compile(r"(?P<frame>\d+)\.png"), "0001.png")

    def people(self, path: Path, cameras: tuple[Path, Path]) -> People:  # noqa: ARG002
        return json_split(path, self.split)

    def read(self, root: Path | str) -> ReidSplits:
        """As `DatasetReader.read`; also refuses a person with fewer than `MIN_FRAMES` frames."""
        splits = super().read(root)
        for tracklet in (*splits.train, *splits.query, *splits.gallery):
            if len(tracklet) < MIN_FRAMES:
                raise ValueError(
                    f"{Path(tracklet.frames[0]).parent} has {len(tracklet)} frames, but splits keep people "
                    f"with at least {MIN_FRAMES}: frames are missing, or {self.splits_file(root)} is of "
                    "another data set"
                )
        return splits

    def gaps(self, splits: ReidSplits) -> tuple[str, ...]:
        """Frames are numbered from 1, or from 0."""
        tracklets = (*splits.train, *splits.query, *splits.gallery)
        return tuple(sentence for tracklet in tracklets if (sentence := _gap(tracklet)))


def _gap(tracklet: Tracklet) -> str:
    last = Path(tracklet.frames[-1])
    numbers = {int(Path(frame).stem) for frame in tracklet.frames} - {0}
    lost = int(last.stem) - len(numbers)
    if lost == 0:
        return ""
    first = next(number for number in count(1) if number not in numbers)
    return f"{last.parent} lacks {lost:,} of {int(last.stem):,} frames, the first of them {first:04d}.png"
