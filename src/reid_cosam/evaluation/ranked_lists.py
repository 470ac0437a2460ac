"""Ranked lists to look at: which queries, and what stands nearest to each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from reid_cosam.data.frames import read_frame
from reid_cosam.data.mars import JUNK_PID
from reid_cosam.data.tracklet import Tracklet
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
    return [_ranked_list(ranking, int(query), (height, width)) for query in chosen]


def nearest(ranking: Ranking, number: int) -> Int64[np.ndarray, " n"]:
    """The gallery tracklets nearest to a query, in order.

    Left out is what takes no place in a ranking: the query's person under the query's camera, and junk.
    """
    query, gallery = ranking.queries[number], ranking.gallery
    kept = [
        place
        for place in np.argsort(ranking.distances[number].numpy(), kind="stable")
        if (gallery[place].pid, gallery[place].camid) != (query.pid, query.camid)
        and gallery[place].pid != JUNK_PID
    ]
    return np.array(kept[:_GALLERY_SHOWN])


def ranked_table(ranking: Ranking, root: Path) -> pd.DataFrame:
    """The nearest tracklets of every valid query: a row a place, of which place 0 is the query itself.

    `query` is its first frame, as in the table of queries; `frame` a tracklet's middle frame, which shows it
    best. Both are named relative to `root`, the data set's folder.
    """
    rows = []
    for number in np.flatnonzero(~np.isnan(ranking.average_precisions)).tolist():
        query, places = ranking.queries[number], nearest(ranking, number)
        name = Path(query.frames[0]).relative_to(root).as_posix()
        distances = [0.0, *ranking.distances[number, places].tolist()]
        tracklets = [query, *(ranking.gallery[place] for place in places)]
        for place, (tracklet, distance) in enumerate(zip(tracklets, distances, strict=True)):
            frame = Path(tracklet.frames[len(tracklet) // 2]).relative_to(root).as_posix()
            correct = tracklet.pid == query.pid
            rows.append((name, place, tracklet.pid, tracklet.camid, correct, distance, frame))
    columns = ["query", "place", "pid", "camid", "correct", "distance", "frame"]
    return pd.DataFrame(rows, columns=columns)


def _ranked_list(ranking: Ranking, number: int, size: tuple[int, int]) -> RankedList:
    query, gallery, kept = ranking.queries[number], ranking.gallery, nearest(ranking, number)
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
