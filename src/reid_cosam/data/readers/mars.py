"""MARS, and any data set in its layout: five list files under `info/` and the frames they name."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from reid_cosam.data.readers import DatasetReader
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
    own_data: ClassVar[str | None] = "mars_layout"

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
    own_data = None


def read_info(info: Path, root: Path) -> ReidSplits:
    """The splits from the five list files in `info`, with frames under `root`; raises as `Mars.read`."""
    train_names, test_names = info / "train_name.txt", info / "test_name.txt"
    train_rows, test_rows = info / "tracks_train_info.mat", info / "tracks_test_info.mat"
    query_rows = info / "query_IDX.mat"
    require((train_names, train_rows, test_names, test_rows, query_rows), _LAYOUT, root)
    train = _tracklets(train_names, train_rows, "track_train_info", root / "bbox_train")
    test = _tracklets(test_names, test_rows, "track_test_info", root / "bbox_test")
    queries = _query_rows(query_rows, test)
    is_query = set(queries)
    return ReidSplits(
        train=train,
        query=tuple(test[row] for row in queries),
        gallery=tuple(t for row, t in enumerate(test) if row not in is_query and t.pid != JUNK_PID),
        junk=tuple(t for t in test if t.pid == JUNK_PID),
    )


def _tracklets(name_file: Path, row_file: Path, variable: str, frames: Path) -> tuple[Tracklet, ...]:
    try:
        names = name_file.read_text(encoding="ascii").split()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name_file} is not a list of file names: {error}") from None
    if not names:
        raise ValueError(f"{name_file} is empty: it must name every frame, take it from the data set again")
    rows = integers(row_file, variable)
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise ValueError(f"{row_file}: {variable} must have columns start, end, pid, cam, got {rows.shape}")
    folder = str(frames)
    paths = [f"{folder}/{name[:4]}/{name}" for name in names]
    tracklets = []
    for row, (first, last, pid, camid) in enumerate(rows.tolist(), start=1):
        if not 1 <= first <= last <= len(names):
            raise ValueError(
                f"{row_file}, row {row}: {first} to {last} is not a range of frames within 1 to "
                f"{len(names)}, the names in {name_file}"
            )
        start = f"{'00-1' if pid == JUNK_PID else f'{pid:04d}'}C{camid}"
        for line, name in enumerate(names[first - 1 : last], start=first):
            if name[:6] != start:
                raise ValueError(
                    f"{row_file}, row {row}: pid {pid}, camera {camid} need names that start with "
                    f"{start}, but line {line} of {name_file} is {name}"
                )
        tracklets.append(Tracklet(tuple(paths[first - 1 : last]), pid, camid))
    return tuple(tracklets)


def _query_rows(query_file: Path, test: tuple[Tracklet, ...]) -> list[int]:
    queries: list[int] = (integers(query_file, "query_IDX").ravel() - 1).tolist()
    place_of: dict[int, int] = {}
    for place, row in enumerate(queries, start=1):
        if not 0 <= row < len(test):
            raise ValueError(f"{query_file}, entry {place}: row {row + 1} is not within 1 to {len(test)}")
        if test[row].pid == JUNK_PID:
            raise ValueError(f"{query_file}, entry {place}: row {row + 1} is junk (pid {JUNK_PID})")
        if (first := place_of.setdefault(row, place)) != place:
            raise ValueError(
                f"{query_file}: entries {first} and {place} both name row {row + 1}, which would be scored "
                "twice: name it once"
            )
    return queries
