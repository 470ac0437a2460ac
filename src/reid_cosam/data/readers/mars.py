"""MARS, and any data set in its layout: five list files under `info/` and the frames they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from reid_cosam.data.readers import DatasetReader, rows
from reid_cosam.data.readers.listing import require
from reid_cosam.data.readers.matlab import integers
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.pids import JUNK_PID

_LAYOUT = """\
expected
  {root}/
    info/         train_name.txt test_name.txt tracks_train_info.mat tracks_test_info.mat query_IDX.mat
    bbox_train/   0001/0001C1T0001F001.jpg ...
    bbox_test/    0002/..., 00-1/... (junk), 0000/... (distractors)"""


@dataclass(frozen=True)
class Mars(DatasetReader):
    """The public data set of Zheng et al. (2016), as it is distributed, or another one in its layout.

    >>> splits = Mars().read("datasets/mars")
    >>> splits.query[0].pid, splits.query[0].camid, len(splits.query[0])
    (101, 1, 5)

    Attributes:
        counts: those of the published lists.
    """

    counts = {  # noqa: RUF012
        "train tracklets": 8298,
        "train identities": 625,
        "train frames": 509_914,
        "test tracklets": 12_180,
        "test identities": 634,
        "test frames": 681_089,
        "queries": 1980,
        "query identities": 626,
        "gallery tracklets": 9330,
        "distractor tracklets": 3248,
        "identities without a query": 8,
        "junk tracklets": 870,
        "cameras": 6,
        "shortest tracklet": 2,
        "longest tracklet": 920,
    }
    own_layout: ClassVar[str | None] = "mars_layout"

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        require([root / part for part in ("info", "bbox_train", "bbox_test")], _LAYOUT, root)
        return read_info(root / "info", root)


@dataclass(frozen=True)
class MarsLayout(Mars):
    """Another data set in the layout of MARS, with whatever counts.

    >>> MarsLayout().counts
    {}
    """

    counts = {}  # noqa: RUF012
    own_layout = None


_COLUMNS = ("start", "end", "pid", "cam")
_CORRECTED = (*_COLUMNS, "corrected pid", "second pid")
CLEANED = "clean_tracks_test_info.mat"


def read_info(info: Path, root: Path, cleaned: bool = False) -> ReidSplits:
    """The splits from the five list files in `info`, with frames under `root`; raises as `Mars.read`.

    Args:
        cleaned: the test tracklets are in `CLEANED`, with two columns more: the person after a correction,
            who counts, and a second person, who is not read.
    """
    train_names, test_names = info / "train_name.txt", info / "test_name.txt"
    train_rows, query_rows = info / "tracks_train_info.mat", info / "query_IDX.mat"
    test_rows = info / (CLEANED if cleaned else "tracks_test_info.mat")
    require((train_names, train_rows, test_names, test_rows, query_rows), _LAYOUT, root)
    train = _tracklets(train_names, train_rows, "track_train_info", root / "bbox_train", _COLUMNS)
    columns = _CORRECTED if cleaned else _COLUMNS
    test = _tracklets(test_names, test_rows, "track_test_info", root / "bbox_test", columns)
    return rows.splits(train, test, query_rows, integers(query_rows, "query_IDX").ravel().tolist(), base=1)


def _tracklets(
    name_file: Path, row_file: Path, variable: str, frames: Path, columns: Sequence[str]
) -> list[Tracklet]:
    lines = rows.lines(name_file)
    names = list(lines.values())
    table = integers(row_file, variable)
    if table.ndim != 2 or table.shape[1] != len(columns):
        raise ValueError(f"{row_file}: {variable} must have columns {', '.join(columns)}, got {table.shape}")
    tracklets = []
    for row, (first, last, pid, camid, *corrected) in enumerate(table.tolist(), start=1):
        where = f"{row_file}, row {row}"
        rows.check_range(where, first, last, 1, names, name_file)
        person = "00-1" if pid == JUNK_PID else f"{pid:04d}"
        start = f"{person}C{camid}T"
        own = names[first - 1 : last]
        for place, name in enumerate(own, start=first - 1):
            if not name.startswith(start):
                raise ValueError(
                    f"{where}: pid {pid}, camera {camid} need names that start with {start}, but line "
                    f"{list(lines)[place]} of {name_file} is {name}"
                )
        folder = f"{frames}/{person}/"
        tracklets.append(
            Tracklet(tuple([folder + name for name in own]), corrected[0] if corrected else pid, camid)
        )
    return tracklets
