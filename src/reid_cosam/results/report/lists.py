"""Ranked lists to look through: which queries of a run are shown, and what each place of a list shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from reid_cosam.results.faults import UNREADABLE
from reid_cosam.results.report.pictures import thumbnail
from reid_cosam.results.runs import Run

FrameReader = Callable[[str], UInt8[np.ndarray, "h w 3"]]  # of a path; OSError or ValueError if there is none
Row = Mapping[str, str]
FAILURES, OTHERS = 40, 20
_LISTS = "ranked.csv"


@dataclass(frozen=True)
class Place:
    """A tracklet in a list; `picture` is empty where its images are not at hand."""

    picture: str
    label: str
    correct: bool
    distance: float


@dataclass(frozen=True)
class RankedQuery:
    """A query, the average precision of its list in percent, and the list.

    It failed if the nearest tracklet is another person's.
    """

    query: Place
    average_precision: float
    places: list[Place]
    failed: bool


@dataclass(frozen=True)
class ShownLists:
    """The lists of a run, the hardest first; how many queries it has, and how many of them failed.

    `missing` tracklets of those shown have no picture: their images are not at hand, or not in `root`.
    """

    run: Run
    queries: list[RankedQuery]
    total: int
    failures: int
    missing: int
    root: Path


def representatives(runs: Sequence[Run]) -> list[Run]:
    """The run with the highest mAP of every backbone on every data set, of those with ranked lists."""
    best: dict[tuple[str, str], Run] = {}
    for run in runs:
        if (run.folder / _LISTS).is_file():
            key = run.data_set, run.network.backbone
            best[key] = max(best.get(key, run), run, key=lambda one: one.mean_ap)
    return list(best.values())


def shown_lists(run: Run, read_frame: FrameReader) -> ShownLists:
    """The 40 hardest failures, and 20 of the other queries spread over their average precision.

    Raises:
        KeyError, TypeError, ValueError, OSError: its files of them are missing or damaged.
    """
    lists: dict[str, list[Row]] = {}
    for row in run.table(_LISTS):
        lists.setdefault(row["query"], []).append(row)
    queries = {row["first_frame"]: row["average_precision"] for row in run.table("queries.csv")}
    precision = {name: value for name, value in queries.items() if value}  # those that are valid
    if not lists or precision.keys() != lists.keys():
        raise ValueError(f"{_LISTS} holds lists of {len(lists)} queries, queries.csv {len(precision)}")
    by_precision = sorted(lists, key=lambda name: float(precision[name]))
    right = {name for name, rows in lists.items() if [row["correct"] for row in rows[1:2]] == ["True"]}
    failed = [name for name in by_precision if name not in right]
    others = [name for name in by_precision if name in right]
    spread = np.linspace(0, len(others) - 1, min(OTHERS, len(others))).round().astype(int)
    chosen = {*failed[:FAILURES], *(others[place] for place in spread)}
    root = Path(run.metrics["data"]["root"])
    pictures: dict[str, str] = {}
    shown = []
    for name in filter(chosen.__contains__, by_precision):
        query, *gallery = [_place(row, root, read_frame, pictures) for row in lists[name]]
        shown.append(RankedQuery(query, 100 * float(precision[name]), gallery, name not in right))
    missing = sum(not picture for picture in pictures.values())
    return ShownLists(run, shown, len(lists), len(failed), missing, root)


def _place(row: Row, root: Path, read_frame: FrameReader, pictures: dict[str, str]) -> Place:
    """Makes each picture once; `pictures` keeps them by frame."""
    frame = row["frame"]
    if frame not in pictures:
        try:
            pictures[frame] = thumbnail(read_frame(str(root / frame)))
        except UNREADABLE:
            pictures[frame] = ""
    label = f"pid {row['pid']}, camera {row['camid']}"
    return Place(pictures[frame], label, row["correct"] == "True", float(row["distance"]))
