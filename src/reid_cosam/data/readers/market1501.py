"""Market-1501, a data set of images, as tracklets: by Zheng et al. (ICCV 2015)."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import FrameNames, frames, require
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.pids import JUNK_PID

_LAYOUT = """\
expected
  {root}/
    bounding_box_train/   0002_c1s1_000451_03.jpg ... (person, camera, sequence, frame, box)
    bounding_box_test/    0003_..., -1_... (junk), 0000_... (distractors)
    query/                0003_c1s6_015971_00.jpg ..."""
_FRAMES = FrameNames(
    re.compile(r"(?P<pid>-1|\d{4})_c(?P<camid>\d)s(?P<sequence>\d)_(?P<frame>\d{6})_\d{2}\.jpg"),
    "0002_c1s1_000451_03.jpg",
)


@dataclass(frozen=True)
class Market1501(DatasetReader):
    """Market-1501. What a camera saw of a person in one sequence is a tracklet, frame by frame, box by box.

    Junk and distractors are nobody in particular, so each of their images is a tracklet of its own. So is
    each query: what its camera saw of this person stays in the gallery, where every protocol skips it for
    this query. Since the gallery has tracklets instead of images, scores cannot be compared with those
    published for Market-1501.

    >>> splits = Market1501().read("datasets/market1501")
    >>> len(splits.query[0]), len(splits.gallery[-1]), splits.gallery[-1].camid
    (1, 2, 3)
    """

    counts = {  # noqa: RUF012
        "train frames": 12_936,
        "train identities": 751,
        "test frames": 19_732 + 3368,
        "test identities": 750,
        "queries": 3368,
        "query identities": 750,
        "cameras": 6,
    }
    unverified = {"train tracklets": 5248}  # noqa: RUF012

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        parts = [root / part for part in ("bounding_box_train", "bounding_box_test", "query")]
        require(parts, _LAYOUT, root)
        test = _tracklets(parts[1])
        return ReidSplits(
            train=_tracklets(parts[0]),
            query=_tracklets(parts[2], alone=True),
            gallery=tuple(one for one in test if one.pid != JUNK_PID),
            junk=tuple(one for one in test if one.pid == JUNK_PID),
        )


def _tracklets(folder: Path, alone: bool = False) -> tuple[Tracklet, ...]:
    """Sorted by person, camera and time; `alone`: each image is a tracklet."""
    found = defaultdict(list)
    for name in frames(folder, _FRAMES):
        pid, camid, sequence = int(name["pid"]), int(name["camid"]), int(name["sequence"])
        image = name.string if alone or pid < 1 else ""
        found[pid, camid, sequence, image].append(f"{folder}/{name.string}")
    return tuple(Tracklet(tuple(paths), key[0], key[1]) for key, paths in sorted(found.items()))
