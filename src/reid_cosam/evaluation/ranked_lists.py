"""Ranked lists to look at: which queries, and what stands nearest to each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from reid_cosam.data.frames import read_frame
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.pids import JUNK_PID
from reid_cosam.results.figures.ranked import RankedList

_GALLERY_SHOWN = 8


class Ranking(NamedTuple):
    """Queries, gallery, their distances, and each query's average precision, NaN if not valid."""

    queries: Sequence[Tracklet]
    gallery: Sequence[Tracklet]
    distances: Float[Tensor, "q g"]
    average_precisions: Float[np.ndarray, " q"]


def from_hard_to_easy(ranking: Ranking, number: int) -> Int64[np.ndarray, " n"]:
    """Valid queries evenly spread over average precision, the hardest first."""
    by_precision = _by_precision(ranking)
    places = np.linspace(0, len(by_precision) - 1, min(number, len(by_precision))).round().astype(int)
    chosen: Int64[np.ndarray, " n"] = by_precision[places]
    return chosen


def hardest(ranking: Ranking, number: int) -> Int64[np.ndarray, " n"]:
    """The valid queries with the lowest average precision."""
    return _by_precision(ranking)[:number]


def _by_precision(ranking: Ranking) -> Int64[np.ndarray, " n"]:
    precision = ranking.average_precisions
    valid = np.flatnonzero(~np.isnan(precision))
    by_precision: Int64[np.ndarray, " n"] = valid[np.argsort(precision[valid], kind="stable")]
    return by_precision


def ranked_lists(
    ranking: Ranking, chosen: Sequence[int] | Int64[np.ndarray, " n"], height: int, width: int
) -> list[RankedList]:
    """The chosen queries and their nearest gallery tracklets, each shown by its middle frame."""
    return [
        _ranked_list(ranking, int(query), kept, (height, width))
        for query, kept in zip(chosen, nearest(ranking, chosen), strict=True)
    ]


def nearest(
    ranking: Ranking, chosen: Sequence[int] | Int64[np.ndarray, " n"]
) -> list[Int64[np.ndarray, " k"]]:
    """For each chosen query the gallery tracklets nearest to it, in order; of equals the first.

    Left out is what takes no place in a ranking: the query's person under the query's camera, and junk.
    """
    pids, camids = (np.array([getattr(one, name) for one in ranking.gallery]) for name in ("pid", "camid"))
    found = []
    for number in chosen:
        query, distances = ranking.queries[number], ranking.distances[number].numpy()
        own = (pids == query.pid) & (camids == query.camid)
        ranked = np.flatnonzero(~own & (pids != JUNK_PID))
        near = distances[ranked]
        if len(ranked) > _GALLERY_SHOWN:  # to sort thousands for each of thousands would take seconds
            close = near <= np.partition(near, _GALLERY_SHOWN - 1)[_GALLERY_SHOWN - 1]
            ranked, near = ranked[close], near[close]
        found.append(ranked[np.argsort(near, kind="stable")[:_GALLERY_SHOWN]])
    return found


def ranked_table(ranking: Ranking, root: Path) -> pd.DataFrame:
    """The nearest tracklets of every valid query: a row a place, of which place 0 is the query itself.

    `query` is its first frame, as in the table of queries; `frame` a tracklet's middle frame, which shows it
    best. Both are named relative to `root`, the data set's folder.
    """
    rows = []
    valid = np.flatnonzero(~np.isnan(ranking.average_precisions))
    for number, places in zip(valid.tolist(), nearest(ranking, valid), strict=True):
        query = ranking.queries[number]
        name = query.first_frame(root)
        distances = [0.0, *ranking.distances[number, places].tolist()]
        tracklets = [query, *(ranking.gallery[place] for place in places)]
        for place, (tracklet, distance) in enumerate(zip(tracklets, distances, strict=True)):
            frame = Path(tracklet.frames[len(tracklet) // 2]).relative_to(root).as_posix()
            correct = tracklet.pid == query.pid
            rows.append((name, place, tracklet.pid, tracklet.camid, correct, distance, frame))
    columns = ["query", "place", "pid", "camid", "correct", "distance", "frame"]
    return pd.DataFrame(rows, columns=columns)


def _ranked_list(
    ranking: Ranking, number: int, kept: Int64[np.ndarray, " k"], size: tuple[int, int]
) -> RankedList:
    query, gallery = ranking.queries[number], ranking.gallery
    distances = ranking.distances[number].numpy()
    return RankedList(
        query=_middle_frame(query, size),
        query_label=f"pid {query.pid}, camera {query.camid}",
        gallery=np.stack([_middle_frame(gallery[place], size) for place in kept]),
        correct=np.array([gallery[place].pid == query.pid for place in kept]),
        distances=distances[kept],
        average_precision=float(ranking.average_precisions[number]),
    )


def _middle_frame(tracklet: Tracklet, size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    return read_frame(tracklet.frames[len(tracklet) // 2], *size)
