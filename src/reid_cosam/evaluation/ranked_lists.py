"""Ranked lists to look at: which queries, and which gallery tracklets are nearest to each."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from reid_cosam.data.frames import read_frame
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.rules import PROTOCOLS, Labels
from reid_cosam.metrics.scoring import ProtocolResult
from reid_cosam.results.figures.ranked import RankedList

_LENGTH = 8


class Ranking(NamedTuple):
    """Queries and gallery, their distances, and each query's average precision, NaN if not valid."""

    queries: Sequence[Tracklet]
    gallery: Sequence[Tracklet]
    distances: Float[Tensor, "q g"]
    average_precisions: Float[np.ndarray, " q"]
    protocol: str

    @classmethod
    def of(cls, result: ProtocolResult, tracklets: Sequence[Tracklet]) -> "Ranking":
        """The ranking of a result of `tracklets`, which are those of the whole test set."""
        queries, gallery = tracklets[: len(result.distances)], [tracklets[row] for row in result.gallery]
        return cls(queries, gallery, result.distances, result.scores.average_precisions, result.protocol)

    def valid(self) -> Int64[np.ndarray, " v"]:
        """The valid queries."""
        return np.flatnonzero(~np.isnan(self.average_precisions))

    def by_precision(self) -> Int64[np.ndarray, " v"]:
        """The valid queries from the lowest average precision to the highest."""
        valid = self.valid()
        ordered: Int64[np.ndarray, " v"] = valid[np.argsort(self.average_precisions[valid], kind="stable")]
        return ordered

    def nearest(self, chosen: Iterable[int]) -> list[Int64[np.ndarray, " k"]]:
        """For each chosen query the gallery tracklets nearest to it, in order; of equals the first.

        Left out is what takes no rank under the protocol.
        """
        chosen = list(chosen)
        query = Labels.of(self.queries[number] for number in chosen)
        compared = PROTOCOLS[self.protocol].compared(query, Labels.of(self.gallery))
        found = []
        for number, (takes_rank, _) in zip(chosen, compared, strict=True):
            distances = self.distances[number].numpy()
            ranked = np.flatnonzero(takes_rank)
            near = distances[ranked]
            if len(ranked) > _LENGTH:  # to sort thousands for each of thousands would take seconds
                close = near <= np.partition(near, _LENGTH - 1)[_LENGTH - 1]
                ranked, near = ranked[close], near[close]
            found.append(ranked[np.argsort(near, kind="stable")[:_LENGTH]])
        return found


def hardest(ranking: Ranking, number: int) -> list[int]:
    """The valid queries with the lowest average precision."""
    chosen: list[int] = ranking.by_precision()[:number].tolist()
    return chosen


def from_hard_to_easy(ranking: Ranking, number: int) -> list[int]:
    """Valid queries evenly spread over average precision, the hardest first."""
    ordered = ranking.by_precision()
    places = np.linspace(0, len(ordered) - 1, min(number, len(ordered))).round().astype(int)
    chosen: list[int] = ordered[places].tolist()
    return chosen


def ranked_lists(
    ranking: Ranking, chosen: Sequence[int], size: tuple[int, int], root: Path
) -> list[RankedList]:
    """The chosen queries and their nearest gallery tracklets, each by its middle frame.

    A query's first frame, relative to `root`, the data set's folder, says how the data set calls it.
    """
    return [
        _ranked_list(ranking, query, places, size, root)
        for query, places in zip(chosen, ranking.nearest(chosen), strict=True)
    ]


def ranked_table(ranking: Ranking, root: Path) -> pd.DataFrame:
    """The nearest tracklets of every valid query: one row per place, of which place 0 is the query itself.

    `query` is its first frame, as in the table of queries; `frame` a tracklet's middle frame, which shows it
    best. Both are named relative to `root`, the data set's folder.
    """
    rows = []
    valid = ranking.valid().tolist()
    for number, places in zip(valid, ranking.nearest(valid), strict=True):
        query = ranking.queries[number]
        name = query.first_frame(root)
        distances = [0.0, *ranking.distances[number, places].tolist()]
        tracklets = [query, *(ranking.gallery[place] for place in places)]
        for place, (tracklet, distance) in enumerate(zip(tracklets, distances, strict=True)):
            frame = Path(_middle_frame(tracklet)).relative_to(root).as_posix()
            correct = tracklet.pid == query.pid
            rows.append((name, place, tracklet.pid, tracklet.camid, correct, distance, frame))
    columns = ["query", "place", "pid", "camid", "correct", "distance", "frame"]
    return pd.DataFrame(rows, columns=columns)


def _ranked_list(
    ranking: Ranking, number: int, places: Int64[np.ndarray, " k"], size: tuple[int, int], root: Path
) -> RankedList:
    query, gallery = ranking.queries[number], [ranking.gallery[place] for place in places]
    images: list[UInt8[np.ndarray, "h w 3"]] = [
        read_frame(_middle_frame(one), *size) for one in (query, *gallery)
    ]
    return RankedList(
        query=images[0],
        query_label=f"pid {query.pid}, camera {query.camid}, {query.first_frame(root)}",
        gallery=np.stack(images[1:]),
        correct=np.array([one.pid == query.pid for one in gallery]),
        distances=ranking.distances[number].numpy()[places],
        average_precision=float(ranking.average_precisions[number]),
    )


def _middle_frame(tracklet: Tracklet) -> str:
    return tracklet.frames[len(tracklet) // 2]
