"""Boxes of a tracker as MOT text: `frame,id,x,y,w,h,conf,class,visibility`, frames from 1, no header."""

import hashlib
import math
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from reid_cosam.footage.crops import Track

_NAMES = ("frame", "id", "x", "y", "w", "h", "conf")
_COLUMNS = range(6, 11)
_LARGEST = 2**53  # from which on not every whole number has a float of its own


class Box(NamedTuple):
    """Left, top, width and height in pixels of the picture as players show it, from 0."""

    track: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes in the order of frames, with the confidence that the file gives, or 1.

    Attributes:
        ignored: boxes that a ground truth marks as not to be considered; they are left out.
    """

    frames: Int64[np.ndarray, " n"]
    ids: Int64[np.ndarray, " n"]
    places: Float64[np.ndarray, "n 5"]
    ignored: int

    def tracks(self, camera: str, source: str) -> tuple[Track, ...]:
        """The tracks in these boxes, by their number."""
        found, counts = np.unique(self.ids, return_counts=True)
        order = np.argsort(self.ids, kind="stable")
        ends = np.cumsum(counts)
        first, last = self.frames[order[ends - counts]], self.frames[order[ends - 1]]
        return tuple(
            Track(camera, str(number), "", source, int(length), int(begin), int(end))
            for number, length, begin, end in zip(found, counts, first, last, strict=True)
        )

    def by_frame(self, names: Collection[str]) -> Iterator[tuple[int, list[Box]]]:
        """The boxes of the tracks named, frame by frame."""
        chosen = np.isin(self.ids, [int(name) for name in names])
        rows = zip(self.frames[chosen], self.ids[chosen], self.places[chosen, :4], strict=True)
        for frame, inside in groupby(rows, key=lambda row: int(row[0])):
            yield frame, [Box(str(number), *map(float, place)) for _, number, place in inside]

    @property
    def signature(self) -> str:
        digest = hashlib.sha256(self.frames.tobytes() + self.ids.tobytes() + self.places.tobytes())
        return digest.hexdigest()

    def text(self) -> str:
        """MOT text of nine columns."""
        rows = zip(self.frames, self.ids, self.places, strict=True)
        return "".join(
            f"{frame},{number},{','.join(f'{one:.10g}' for one in place)},1,1\n"
            for frame, number, place in rows
        )


def read_boxes(path: Path) -> Boxes:
    """The boxes in a file of MOT text of 6 to 10 columns.

    In a ground truth (`gt.txt`) boxes whose seventh number is 0 are to be ignored, so they are left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is empty or no MOT text, or its boxes have no track; names the file and the line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing") from None
    except ValueError as error:
        raise ValueError(f"{path} is not MOT text: {error}") from error
    numbers, width, ignored = array("d"), 0, 0
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _row(line, f"{path}, line {place}")
        if width and len(row) != width:
            raise ValueError(f"{path}, line {place} has {len(row)} columns, but earlier lines have {width}")
        width = len(row)
        if path.name == "gt.txt" and width > 6 and row[6] == 0:
            ignored += 1
            continue
        numbers.extend(row[:7] if width > 6 else [*row, 1.0])
        numbers.append(place)
    if not numbers:
        raise ValueError(
            f"{path} has {ignored:,} boxes, and marks them all to be ignored, with 0 as the seventh number"
            if ignored
            else f"{path} has no boxes"
        )
    table = np.frombuffer(numbers).reshape(-1, 8)
    table = table[np.lexsort((table[:, 7], table[:, 0]))]
    _refuse_doubles(table, path)
    frames, ids = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return Boxes(frames, ids, np.ascontiguousarray(table[:, 2:7]), ignored)


def _row(line: str, where: str) -> list[float]:
    cells = line.split(",")
    if len(cells) not in _COLUMNS:
        raise ValueError(
            f"{where} has {len(cells)} columns separated by commas, but MOT text has 6 to 10: "
            "frame,id,x,y,w,h,conf,class,visibility"
        )
    try:
        row = [float(cell) for cell in cells]
    except ValueError:
        raise ValueError(f"{where} holds something else than numbers: {line.strip()[:80]}") from None
    if not all(map(math.isfinite, row[:7])):
        raise ValueError(f"{where} holds a number that is not finite: {line.strip()[:80]}")
    if not (row[0].is_integer() and row[0] >= 1 and row[1].is_integer()):
        raise ValueError(f"{where}: frames are counted from 1 and ids are whole numbers: {line.strip()[:80]}")
    if max(row[0], abs(row[1])) >= _LARGEST:
        raise ValueError(f"{where}: frames and ids must be below {_LARGEST}: {line.strip()[:80]}")
    if row[1] < 0:
        raise ValueError(
            f"{where}: a box with id {row[1]:.0f} belongs to no track, as in the output of a detector: run a "
            "tracker, which gives ids"
        )
    return row


def _refuse_doubles(table: Float64[np.ndarray, "n 8"], path: Path) -> None:
    """`table`: frame, id, x, y, w, h, conf and number of the line."""
    order = np.lexsort((table[:, 7], table[:, 1], table[:, 0]))
    ordered = table[order]
    same = (ordered[1:, :2] == ordered[:-1, :2]).all(axis=1).nonzero()[0]
    if len(same):
        frame, number = ordered[same[0], :2]
        one, other = ordered[same[0], 7], ordered[same[0] + 1, 7]
        raise ValueError(
            f"{path}, line {other:.0f}: track {number:.0f} already has a box in frame {frame:.0f}, in line "
            f"{one:.0f}"
        )
