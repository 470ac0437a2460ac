"""CCVID: 226 people in changing clothes, by Gu et al. (CVPR 2022)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reid_cosam.data.readers import DatasetReader, rows
from reid_cosam.data.readers.listing import images, is_folder, require
from reid_cosam.data.tracklet import ReidSplits, Tracklet

_LAYOUT = """\
expected
  {root}/
    train.txt query.txt gallery.txt   lines: session1/001_02 <person> <clothes>
    session1/ session2/ session3/     001_02/*.jpg ..."""
_SHIFT = 12  # of the cameras of session3
_TRACKLET = re.compile(r"(?P<session>[^/]+)/[^/_]+_(?P<camera>\d+)")


@dataclass(frozen=True)
class Ccvid(DatasetReader):
    """CCVID; what a person wears is known (`Tracklet.clothes`, a name that is unique for that person only).

    The camera is the number after the `_` of a tracklet's folder, plus 12 in `session3`: a convention of
    those who read the data set, which itself does not say so.

    >>> query = Ccvid().read("datasets/ccvid").query[0]
    >>> query.pid, query.camid, query.clothes
    (2, 1, 'u0_l0')
    """

    counts = {"identities": 226, "tracklets": 2856}  # noqa: RUF012
    unknown = "nothing published says how many frames there are, or how many tracklets each list has"

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        files = [root / f"{part}.txt" for part in ("train", "query", "gallery")]
        require(files, _LAYOUT, root)
        seen: dict[str, str] = {}
        train, query, gallery = (tuple(_tracklets(file, root, seen)) for file in files)
        return ReidSplits(train, query, gallery)


def _tracklets(file: Path, root: Path, seen: dict[str, str]) -> Iterator[Tracklet]:
    """The tracklets of a list; `seen` says where a tracklet was named before."""
    for number, line in rows.lines(file).items():
        where = f"{file}, line {number}"
        name, *rest = line.split()
        found = _TRACKLET.fullmatch(name)
        if found is None or len(rest) != 2 or not rest[0].isdecimal():
            raise ValueError(f"{where}: expected session1/001_02 <person> <clothes>, got {line!r}")
        if (first := seen.setdefault(name, where)) != where:
            raise ValueError(f"{where} names {name}, which {first} names already: name it once")
        folder = root / name
        if not is_folder(folder):
            raise FileNotFoundError(f"{where}: {folder} is missing: part of the data set is missing")
        # By the name in the list: with the root before it, its first part is no session.
        camid = int(found["camera"]) + (_SHIFT if found["session"] == "session3" else 0)
        yield Tracklet(tuple(images(folder)), int(rest[0]), camid, rest[1])
