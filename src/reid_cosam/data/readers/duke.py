"""DukeMTMC-VideoReID: one folder per tracklet, under its person, under `train`, `query` and `gallery`.

The owners of DukeMTMC, from which it was cut, took it offline over the privacy of the people it shows. This
reads a copy that you have already; whether you may use it is for you to find out.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import FrameNames, frames, is_folder, require, subfolders
from reid_cosam.data.tracklet import ReidSplits, Tracklet

_LAYOUT = """\
expected
  {root}/
    train/     0001/0001/0001_C6_F0001_X30721.jpg (or 0001C6F0001X30721.jpg) ...
    query/     0002/2197/...
    gallery/   0002/2198/...
or these three in {root}/DukeMTMC-VideoReID/.
The owners of DukeMTMC took it offline over privacy."""

_FRAMES = FrameNames(
    re.compile(r"(?P<pid>\d+)_?C(?P<camid>\d+)_?F(?P<frame>\d+)_?X\d+\.jpg"), "0001_C6_F0099_X30823.jpg"
)


@dataclass(frozen=True)
class Duke(DatasetReader):
    """DukeMTMC-VideoReID. What the folders of both gallery and query contain is a query only.

    >>> splits = Duke().read("datasets/duke")
    >>> splits.query[0].pid, splits.query[0].camid, len(splits.query[0])
    (5, 1, 6)
    """

    counts = {  # noqa: RUF012
        "train tracklets": 2196,
        "train identities": 702,
        "train frames": 369_656,
        "test tracklets": 2636,
        "test identities": 1110,
        "test frames": 445_764,
        "queries": 702,
        "query identities": 702,
        "gallery tracklets": 1934,
        "identities without a query": 408,
        "cameras": 8,
    }

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        nested = root / "DukeMTMC-VideoReID"
        folder = nested if is_folder(nested) else root
        parts = [folder / part for part in ("train", "query", "gallery")]
        require(parts, _LAYOUT, root)
        train, query, gallery = map(_tracklets, parts)
        return ReidSplits(train, query, _without(gallery, query))


def _tracklets(part: Path) -> tuple[Tracklet, ...]:
    return tuple(_tracklet(folder, person) for person in subfolders(part) for folder in subfolders(person))


def _tracklet(folder: Path, person: Path) -> Tracklet:
    if not person.name.isdecimal():
        raise ValueError(f"{person} is no person's folder: its name must be a number, such as 0001")
    pid = int(person.name)
    found = frames(folder, _FRAMES)
    camid = int(found[0]["camid"])
    for name in found:
        if (int(name["pid"]), int(name["camid"])) != (pid, camid):
            raise ValueError(
                f"{folder / name.string} is named after pid {name['pid']}, camera {name['camid']}, but lies "
                f"in the folder of pid {person.name} among frames of camera {camid}"
            )
    return Tracklet(tuple(f"{folder}/{name.string}" for name in found), pid, camid)


def _without(gallery: tuple[Tracklet, ...], queries: tuple[Tracklet, ...]) -> tuple[Tracklet, ...]:
    """The tracklets that are no copies of a query: a frame's name tells person, camera and time."""
    query_with = {name: query for query in queries for name in _names(query)}
    kept = []
    for tracklet in gallery:
        names = _names(tracklet)
        query = next((query_with[name] for name in names if name in query_with), None)
        if query is None:
            kept.append(tracklet)
        elif names != _names(query):
            raise ValueError(
                f"{Path(tracklet.frames[0]).parent} and {Path(query.frames[0]).parent} share some frames "
                "but not all: one of these copies is incomplete, unpack the data set again"
            )
    return tuple(kept)


def _names(tracklet: Tracklet) -> list[str]:
    return [frame.rpartition("/")[2] for frame in tracklet.frames]
