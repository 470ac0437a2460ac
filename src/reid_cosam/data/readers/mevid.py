"""MEVID: 158 people in changing clothes, seen by 33 cameras over 73 days, by Davila et al. (WACV 2023)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from reid_cosam.data.readers import DatasetReader, rows
from reid_cosam.data.readers.listing import require
from reid_cosam.data.tracklet import ReidSplits, Tracklet

_ANNOTATION = "mevid-v1-annotation-data"
_LISTS = ("train_name.txt", "test_name.txt", "track_train_info.txt", "track_test_info.txt", "query_IDX.txt")
_LAYOUT = """\
expected
  {root}/
    bbox_train/   0103/0103O020C424T000F00000.jpg ...
    bbox_test/    0201/0201O003C330T004F00192.jpg ...
    train_name.txt test_name.txt track_train_info.txt track_test_info.txt query_IDX.txt
or these lists in {root}/mevid-v1-annotation-data/."""


@dataclass(frozen=True)
class Mevid(DatasetReader):
    """MEVID; what a person wears is known (`Tracklet.clothes`, by number).

    >>> query = Mevid().read("datasets/mevid").query[0]
    >>> query.pid, query.camid, query.clothes, len(query)
    (201, 330, '3', 3)
    """

    counts = {  # noqa: RUF012
        "train tracklets": 6338,
        "train identities": 104,
        "test tracklets": 1754,
        "test identities": 54,
        "cameras": 33,
    }
    # Numbers of queries follow from published R1; how outfits are counted is not published.
    unverified = {  # noqa: RUF012
        "queries": 316,
        "gallery tracklets": 1438,
        "train outfits": 485,
        "test outfits": 113,
    }
    unknown = "nothing published says how many frames each tracklet has"

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        nested = root / _ANNOTATION
        lists = nested if nested.is_dir() else root
        require([root / "bbox_train", root / "bbox_test", *(lists / name for name in _LISTS)], _LAYOUT, root)
        train, test = (
            _tracklets(lists / f"{part}_name.txt", lists / f"track_{part}_info.txt", root / f"bbox_{part}")
            for part in ("train", "test")
        )
        file = lists / "query_IDX.txt"
        return rows.splits(train, test, file, _integers(file).ravel().tolist(), base=0)


def _tracklets(name_file: Path, row_file: Path, frames: Path) -> list[Tracklet]:
    """Rows are start, end (included), person, outfit and camera; frames are counted from 0."""
    lines, table = rows.lines(name_file), _integers(row_file)
    names = list(lines.values())
    if table.shape[1] != 5:
        raise ValueError(
            f"{row_file} must have columns start, end, person, outfit, camera, got {table.shape[1]} columns"
        )
    folder = str(frames)
    tracklets = []
    for row, (first, last, pid, outfit, camid) in enumerate(table.tolist(), start=1):
        where = f"{row_file}, row {row}"
        rows.check_range(where, first, last, 0, names, name_file)
        wanted = (f"{pid:04d}O", f"C{camid:03d}")
        for place, name in enumerate(names[first : last + 1], start=first):
            if (name[:5], name[8:12]) != wanted:
                raise ValueError(
                    f"{where}: person {pid}, camera {camid} need names such as {wanted[0]}...{wanted[1]}..., "
                    f"but line {list(lines)[place]} of {name_file} is {name}"
                )
        paths = tuple(f"{folder}/{name[:4]}/{name}" for name in names[first : last + 1])
        tracklets.append(Tracklet(paths, pid, camid, str(outfit)))
    return tracklets


def _integers(path: Path) -> Int64[np.ndarray, "rows columns"]:
    """A table of whole numbers, which may be written as floats."""
    try:
        table = pd.read_csv(path, sep=r"\s+", header=None, dtype=np.float64).to_numpy()
    except ValueError as error:  # of pandas, which does not name the file
        raise ValueError(f"{path} is no table of numbers: {error}") from None
    (wrong,) = np.nonzero((table != np.floor(table)).any(axis=1))  # NaN equals nothing
    if len(wrong):
        raise ValueError(f"{path}, row {wrong[0] + 1}: {table[wrong[0]].tolist()} are not whole numbers")
    return table.astype(np.int64)
