"""A described test set under named protocols: as it is, re-ranked, and for those who carry something."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from reid_cosam.data.attributes import ATTRIBUTES, Attributes
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.verification import unmatched
from reid_cosam.metrics.protocols import PROTOCOLS, Scores, score
from reid_cosam.metrics.reranking import check_settings, k_reciprocal
from reid_cosam.metrics.retrieval import cosine_distances, euclidean_distances, unit_length

Distance = Literal["euclidean", "cosine"]


class Reranking(NamedTuple):
    """The parameters of `metrics.reranking.k_reciprocal`, in its order."""

    k1: int
    k2: int
    lambda_value: float
    squared: bool


RERANKING = Reranking(k1=20, k2=6, lambda_value=0.3, squared=True)  # the released code's


class ProtocolResult(NamedTuple):
    """Scores under one protocol, the gallery that was searched, and its distances `[query, gallery]`.

    `carriers` holds the scores of the queries whose person carries an attribute, against that same gallery;
    None where no such query is valid.
    """

    protocol: str
    reranked: bool
    scores: Scores
    gallery: Sequence[Tracklet]
    distances: Float[Tensor, "q g"]
    carriers: Mapping[str, Scores | None]

    @property
    def name(self) -> str:
        return f"{self.protocol}, re-ranked" if self.reranked else self.protocol

    @property
    def file_name(self) -> str:
        return f"{self.protocol}_reranked" if self.reranked else self.protocol


class ScoringConfig(NamedTuple):
    """What is scored, and how.

    Attributes:
        tracklets: those of the test set by part: `query`, `gallery`, `junk`.
        protocols: names of `metrics.protocols.PROTOCOLS`.
        reranking: None for none.
        attributes: who carries something, None where that is not known.
    """

    tracklets: Mapping[str, Sequence[Tracklet]]
    protocols: Sequence[str]
    distance: Distance
    reranking: Reranking | None
    attributes: Attributes | None

    def gallery(self, protocol: str) -> list[Tracklet]:
        """The tracklets that are searched under a protocol."""
        return [one for part in PROTOCOLS[protocol].gallery for one in self.tracklets[part]]


def check(plan: ScoringConfig, processes: int = 1) -> None:
    """Raises ValueError for what can be told before anything is described by so many processes.

    That is: there are fewer tracklets than processes; no query has a match; re-ranking does not fit the
    number of tracklets; nobody knows what a query's person carries.
    """
    queries = plan.tracklets["query"]
    _check_sizes(plan, processes)
    if plan.attributes is not None:
        for name in ATTRIBUTES:
            plan.attributes.carriers(name, queries)
    if plan.reranking is None:
        return
    k1, k2, lambda_value, _ = plan.reranking
    for protocol in plan.protocols:
        try:
            check_settings(len(queries) + len(plan.gallery(protocol)), k1, k2, lambda_value)
        except ValueError as error:
            raise ValueError(f"protocol {protocol}: reranking.{error}") from None


def _check_sizes(plan: ScoringConfig, processes: int) -> None:
    queries = plan.tracklets["query"]
    total = sum(map(len, plan.tracklets.values()))
    if total < processes:
        raise ValueError(
            f"the {total} test tracklets do not suffice for {processes} processes, each of which needs one: "
            "lower trainer.devices"
        )
    for protocol in plan.protocols:
        if len(unmatched(queries, plan.gallery(protocol))) == len(queries):
            raise ValueError(
                f"protocol {protocol}: none of the {len(queries)} queries has a match in the gallery under "
                "another camera; `python -m reid_cosam.verify` says what the data set holds"
            )


def score_protocols(plan: ScoringConfig, descriptors: Float32[Tensor, "n d"]) -> Iterator[ProtocolResult]:
    """One result a protocol, and one more after re-ranking if that is asked for, each when it is asked for.

    `descriptors` are those of the plan's tracklets, part by part.

    Raises:
        ValueError: a protocol finds no gallery or no valid query, or a query's attributes are not known.
    """
    sizes = [len(tracklets) for tracklets in plan.tracklets.values()]
    by_part = dict(zip(plan.tracklets, descriptors.split(sizes), strict=True))
    queries = plan.tracklets["query"]
    for protocol in plan.protocols:
        gallery = plan.gallery(protocol)
        searched = torch.cat([by_part[part] for part in PROTOCOLS[protocol].gallery])
        for reranked, distances in _distances(plan, by_part["query"], searched):
            scored = _Scorer(queries, gallery, distances, protocol)
            scores = scored.all()
            carriers = scored.carriers(plan.attributes, scores) if plan.attributes is not None else {}
            yield ProtocolResult(protocol, reranked, scores, gallery, distances, carriers)


def _distances(
    plan: ScoringConfig, queries: Float32[Tensor, "q d"], gallery: Float32[Tensor, "g d"]
) -> Iterator[tuple[bool, Float[Tensor, "q g"]]]:
    """Whether they are re-ranked, and the distances."""
    euclidean = plan.distance == "euclidean"
    yield False, (euclidean_distances if euclidean else cosine_distances)(queries, gallery)
    if plan.reranking is not None:
        shape = _as_it_is if euclidean else unit_length
        yield True, k_reciprocal(shape(queries), shape(gallery), *plan.reranking)


def _as_it_is(descriptors: Float32[Tensor, "n d"]) -> Float32[Tensor, "n d"]:
    return descriptors


class _Scorer:
    """Scores all or some of the queries."""

    def __init__(
        self,
        queries: Sequence[Tracklet],
        gallery: Sequence[Tracklet],
        distances: Float[Tensor, "q g"],
        protocol: str,
    ) -> None:
        self._queries, self._distances, self._protocol = queries, distances, protocol
        self._query_ids, self._gallery_ids = _identities(queries), _identities(gallery)

    def all(self) -> Scores:
        return self._of(np.arange(len(self._queries)))

    def carriers(self, attributes: Attributes, scores: Scores) -> dict[str, Scores | None]:
        chosen = {name: np.flatnonzero(attributes.carriers(name, self._queries)) for name in ATTRIBUTES}
        valid = scores.first_ranks > 0
        return {name: self._of(rows) if valid[rows].any() else None for name, rows in chosen.items()}

    def _of(self, rows: np.ndarray) -> Scores:
        pids, camids = (ids[rows] for ids in self._query_ids)
        return score(self._distances[rows], pids, camids, *self._gallery_ids, self._protocol)


def _identities(tracklets: Sequence[Tracklet]) -> tuple[np.ndarray, np.ndarray]:
    pids = np.array([tracklet.pid for tracklet in tracklets], dtype=np.int64)
    camids = np.array([tracklet.camid for tracklet in tracklets], dtype=np.int64)
    return pids, camids
