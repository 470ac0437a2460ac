"""Which tracklets cannot show one person, judged by when and where they were seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float64, Int64

from reid_cosam.data.tables import read_table

_ROWS_AT_ONCE = 1024
_COLUMNS = ("from", "to", "min_seconds", "max_seconds")


@dataclass(frozen=True)
class TravelTime:
    """Seconds from the end of a tracklet in one camera to the start of one in another."""

    least: float
    most: float


Rows = slice | Int64[np.ndarray, " m"]
Pairs = Bool[np.ndarray, "a b"]
Travels = Mapping[tuple[str, str], TravelTime]
NO_TRAVELS: Travels = MappingProxyType({})


def read_travel_times(path: Path, cameras: set[str]) -> Travels:
    """Travel times by (from, to). An empty `max_seconds` means that there is no longest time.

    Args:
        path: a CSV file with the columns from, to, min_seconds, max_seconds.
        cameras: of the gallery.

    Raises:
        OSError: the file cannot be read.
        ValueError: a column is missing, or a line names no camera of the gallery, a pair for the second time,
            or times that are not in order; names the file and the line.
    """
    table = read_table(path, _COLUMNS, setting="travel_times=")
    travels = dict[tuple[str, str], TravelTime]()
    for line, (origin, target, least, most) in enumerate(table[list(_COLUMNS)].itertuples(index=False), 2):
        where = f"{path}, line {line}"
        if unknown := sorted({origin, target} - cameras):
            known = ", ".join(sorted(cameras))
            raise ValueError(f"{where}: the gallery has no camera {unknown[0]}; it has {known}")
        if (origin, target) in travels:
            raise ValueError(f"{where}: a second line from {origin} to {target}")
        travels[origin, target] = _travel_time(least, most, where)
    return travels


def _travel_time(least: str, most: str, where: str) -> TravelTime:
    try:
        time = TravelTime(float(least), float(most or "inf"))
    except ValueError:
        raise ValueError(f"{where}: {least},{most} are not seconds") from None
    if not 0 <= time.least <= time.most:
        raise ValueError(
            f"{where}: seconds from {least} to {most}: both must be 0 or more, the second not below the first"
        )
    return time


class Constraints:
    """Pairs of tracklets that cannot be one person.

    Two tracks of one camera that share a moment are two people: by their seconds where both have them, else
    by their frames, which are counted within a source. Of two tracklets the later one must start within the
    travel time between their cameras, if there is one, after the earlier one ends; this needs seconds. A
    longest time is right only where people cannot stay out of sight for longer, or come back.

    Args:
        tracklets: the table of a gallery.
        travels: see `read_travel_times`.
    """

    def __init__(self, tracklets: pd.DataFrame, travels: Travels = NO_TRAVELS) -> None:
        names, cameras = np.unique(tracklets["camera"].to_numpy(dtype=str), return_inverse=True)
        self.cameras: Int64[np.ndarray, " n"] = cameras.astype(np.int64)
        self.sources: Int64[np.ndarray, " n"] = pd.factorize(tracklets["source"])[0].astype(np.int64)
        self.start, self.end = (_floats(tracklets[name]) for name in ("start", "end"))
        self.first, self.last = (_floats(tracklets[name]) for name in ("first_frame", "last_frame"))
        code = {name: number for number, name in enumerate(names.tolist())}
        self._least = np.zeros((len(names), len(names)))
        self._most = np.full((len(names), len(names)), np.inf)
        for (origin, target), time in travels.items():
            self._least[code[origin], code[target]] = time.least
            self._most[code[origin], code[target]] = time.most

    def same_time(self, rows: Rows, others: Rows) -> Pairs:
        """Pairs in one camera at one time; a tracklet is no pair with itself."""
        start, end = self.start[rows, None], self.end[rows, None]
        overlap = (start <= self.end[others]) & (self.start[others] <= end)  # NaN compares as False
        untimed = np.isnan(start + end) | np.isnan(self.start[others] + self.end[others])
        first, last = self.first[rows, None], self.last[rows, None]
        shared = (first <= self.last[others]) & (self.first[others] <= last)
        shared &= untimed & (self.sources[rows, None] == self.sources[others])
        same_camera = self.cameras[rows, None] == self.cameras[others]
        return self._apart((overlap | shared) & same_camera, rows, others)

    def off_time(self, rows: Rows, others: Rows) -> Pairs:
        """Pairs whose way from camera to camera would be faster or slower than it can be."""
        start, end = self.start[rows, None], self.end[rows, None]
        cameras = self.cameras[rows, None]
        forth = self._off(self.start[others] - end, cameras, self.cameras[others])
        back = self._off(start - self.end[others], self.cameras[others], cameras)
        pairs = (forth & (start <= self.start[others])) | (back & (self.start[others] <= start))
        return self._apart(pairs, rows, others)

    def impossible(self, rows: Rows, others: Rows) -> Pairs:
        """Pairs that any rule forbids."""
        pairs: Pairs = self.same_time(rows, others) | self.off_time(rows, others)
        return pairs

    def _off(
        self,
        seconds: Float[np.ndarray, "a b"],
        origin: Int64[np.ndarray, "..."],
        target: Int64[np.ndarray, "..."],
    ) -> Pairs:
        # Two views that share ground have a least time of 0, and may see a person at once.
        away = np.maximum(seconds, 0)
        pairs: Pairs = np.logical_or(away < self._least[origin, target], away > self._most[origin, target])
        return pairs

    def _apart(self, pairs: Pairs, rows: Rows, others: Rows) -> Pairs:
        numbers = np.arange(len(self.cameras))
        found: Pairs = pairs & (numbers[rows, None] != numbers[others])
        return found

    @property
    def untimed(self) -> int:
        """Tracklets of which neither seconds nor frames are known: no rule forbids a pair with them."""
        return int((np.isnan(self.start + self.end) & np.isnan(self.first + self.last)).sum())

    def count(self) -> dict[str, int]:
        """Pairs that each rule forbids, counted once."""
        counts = {"same_time": 0, "travel_time": 0}
        for start in range(0, len(self.cameras), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            counts["same_time"] += int(self.same_time(rows, slice(None)).sum())
            counts["travel_time"] += int(self.off_time(rows, slice(None)).sum())
        return {name: pairs // 2 for name, pairs in counts.items()}


def _floats(column: "pd.Series[float]") -> Float64[np.ndarray, " n"]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
