"""MARS, and any data set in its layout: five list files under `info/` and the frames they name."""

from pathlib import Path

import numpy as np
from jaxtyping import Int64

from reid_cosam.data import matlab
from reid_cosam.data.listing import is_folder
from reid_cosam.data.tracklet import ReidSplits, Tracklet

JUNK_PID = -1

COUNTS = {
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
"""What the lists of the real MARS hold."""

LAYOUT = """\
expected
  {root}/
    info/         train_name.txt test_name.txt tracks_train_info.mat tracks_test_info.mat query_IDX.mat
    bbox_train/   0001/0001C1T0001F001.jpg ...
    bbox_test/    0002/..., 00-1/... (junk), 0000/... (distractors)
Another folder is named with data.root=...; `data=synthetic` needs no download."""


def read(root: Path | str) -> ReidSplits:
    """Read the splits of a MARS folder. The frames themselves are not opened.

    Raises:
        FileNotFoundError: a part of the layout is missing.
        ValueError: the lists contradict themselves.
    """
    root = Path(root)
    for part in ("info", "bbox_train", "bbox_test"):
        if not is_folder(root / part):
            raise FileNotFoundError(f"{root / part} is missing; {LAYOUT.format(root=root)}")
    return read_info(root / "info", root)


def read_info(info: Path, root: Path) -> ReidSplits:
    """Build the splits from the five list files in `info`, with frames under `root`; raises as `read`."""
    train = _tracklets(
        info / "train_name.txt", info / "tracks_train_info.mat", "track_train_info", root / "bbox_train"
    )
    test = _tracklets(
        info / "test_name.txt", info / "tracks_test_info.mat", "track_test_info", root / "bbox_test"
    )
    queries = _query_rows(info / "query_IDX.mat", test)
    is_query = set(queries)
    return ReidSplits(
        train=train,
        query=tuple(test[row] for row in queries),
        gallery=tuple(t for row, t in enumerate(test) if row not in is_query and t.pid != JUNK_PID),
        junk=tuple(t for t in test if t.pid == JUNK_PID),
    )


def _tracklets(name_file: Path, row_file: Path, variable: str, frames: Path) -> tuple[Tracklet, ...]:
    try:
        names = _existing(name_file).read_text(encoding="ascii").split()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name_file} is no list of file names: {error}") from None
    if not names:
        raise ValueError(f"{name_file} is empty: it must name every frame, take it from the data set again")
    rows = matlab.integers(_existing(row_file), variable)
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise ValueError(f"{row_file}: {variable} must have columns start, end, pid, cam, got {rows.shape}")
    _check_bounds(rows, len(names), row_file, name_file)
    _check_names(rows, names, row_file, name_file)
    folder = f"{frames}/"
    paths = [f"{folder}{name[:4]}/{name}" for name in names]
    return tuple(
        Tracklet(tuple(paths[first - 1 : last]), pid, camid) for first, last, pid, camid in rows.tolist()
    )


def _check_bounds(rows: Int64[np.ndarray, "n 4"], num_names: int, row_file: Path, name_file: Path) -> None:
    first, last = rows[:, 0], rows[:, 1]
    bad = np.flatnonzero((first < 1) | (last < first) | (last > num_names))
    if bad.size:
        row = bad[0]
        raise ValueError(
            f"{row_file}, row {row + 1}: {first[row]} to {last[row]} is no range of frames "
            f"within 1 to {num_names}, the names in {name_file}"
        )


def _check_names(rows: Int64[np.ndarray, "n 4"], names: list[str], row_file: Path, name_file: Path) -> None:
    first, last, pids, camids = rows.T
    expected = np.array(
        [
            f"{'00-1' if pid == JUNK_PID else f'{pid:04d}'}C{camid}"
            for pid, camid in zip(pids, camids, strict=True)
        ]
    )
    lengths = last - first + 1
    row_of = np.repeat(np.arange(len(rows)), lengths)
    name_of = np.arange(len(row_of)) + np.repeat(first - 1 - (lengths.cumsum() - lengths), lengths)
    found = np.array(names, dtype="U6")[name_of]  # the type cuts each name to its first "ppppCc"
    bad = np.flatnonzero(found != expected[row_of])
    if bad.size:
        row, name = row_of[bad[0]], name_of[bad[0]]
        raise ValueError(
            f"{row_file}, row {row + 1}: pid {pids[row]}, camera {camids[row]} need names that start with "
            f"{expected[row]}, but line {name + 1} of {name_file} is {names[name]}"
        )


def _query_rows(query_file: Path, test: tuple[Tracklet, ...]) -> list[int]:
    queries: list[int] = (matlab.integers(_existing(query_file), "query_IDX").ravel() - 1).tolist()
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


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {LAYOUT.format(root=path.parent.parent)}")
    return path
