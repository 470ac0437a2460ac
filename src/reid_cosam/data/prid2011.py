"""PRID2011: 178 people with enough frames in both cameras, ten splits of 89 and 89, rank only."""

import re
from itertools import count
from pathlib import Path

from reid_cosam.data import two_cameras
from reid_cosam.data.listing import is_folder
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.data.two_cameras import Frames

COUNTS = {
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
"""What every split holds."""

MIN_FRAMES = 21
"""Splits keep people with at least so many frames in each camera."""

# Published are 40,033 frames, of 200 people; splits take 178 of them.
UNKNOWN = (
    "nothing published says how many frames each tracklet has, so that those lost at its end go unnoticed"
)
"""What a copy cannot be compared with."""

LAYOUT = """\
expected
  {root}/
    prid_2011/multi_shot/   cam_a/person_0001/0001.png ... cam_b/...
    splits_prid2011.json (or splits.json)
or multi_shot/ in {root} itself.
Another folder is named with data.root=...; `data=synthetic` needs no download."""

_FRAMES = Frames(re.compile(r"(?P<frame>\d+)\.png"), "0001.png")


def read(root: Path | str, split: int) -> ReidSplits:
    """Read one split, 0 to 9, of a PRID2011 folder. The frames themselves are not opened.

    Raises:
        FileNotFoundError: a part of the layout is missing.
        ValueError: no such split, or one that does not fit the folders.
    """
    root = Path(root)
    cameras = _cameras(root)
    path = splits_file(root)
    splits = two_cameras.read(
        cameras, two_cameras.json_split(path, split), _FRAMES, f"{path}, split {split},"
    )
    for tracklet in (*splits.train, *splits.query, *splits.gallery):
        if len(tracklet) < MIN_FRAMES:
            raise ValueError(
                f"{Path(tracklet.frames[0]).parent} has {len(tracklet)} frames, but splits keep people "
                f"with at least {MIN_FRAMES}: frames are missing, or {path} is of another data set"
            )
    return splits


def gaps(splits: ReidSplits) -> tuple[str, ...]:
    """A sentence for each tracklet in which numbers of frames are left out: frames are numbered from 1."""
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


def splits_file(root: Path | str) -> Path:
    """The file that the splits come from. Public ones disagree: say which one was used.

    Raises:
        FileNotFoundError: there is none.
    """
    root = Path(root)
    named, plain = root / "splits_prid2011.json", root / "splits.json"
    for path in (named, plain):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no splits: neither {named} nor {plain} is there; {LAYOUT.format(root=root)}")


def _cameras(root: Path) -> tuple[Path, Path]:
    nested = root / "prid_2011" / "multi_shot"
    shots = nested if is_folder(nested) else root / "multi_shot"
    cameras = (shots / "cam_a", shots / "cam_b")
    for camera in cameras:
        if not is_folder(camera):
            raise FileNotFoundError(f"{camera} is missing; {LAYOUT.format(root=root)}")
    return cameras
