"""A described test set under named protocols: as it is, re-ranked, and for those who carry something."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from reid_cosam.data.attributes import ATTRIBUTES, Attributes
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.protocols import PROTOCOLS, Scores, score
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import cosine_distances, euclidean_distances, unit_length

Distance = Literal["euclidean", "cosine"]


class Described(NamedTuple):
    """Test tracklets and their descriptors by part: `query`, `gallery`, `junk`."""

    tracklets: Mapping[str, Sequence[Tracklet]]
    descriptors: Mapping[str, Float32[Tensor, "_ d"]]


class Reranking(NamedTuple):
    """The parameters of `metrics.reranking.k_reciprocal`, in its order."""

    k1: int
    k2: int
    lambda_value: float
    squared: bool


class Result(NamedTuple):
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


def results(
    described: Described,
    protocols: Sequence[str],
    distance: Distance,
    reranking: Reranking | None,
    attributes: Attributes | None,
) -> Iterator[Result]:
    """One result a protocol, and one more after re-ranking if that is asked for.

    Raises:
        ValueError: a protocol finds no gallery or no valid query, or a query's attributes are not known.
    """
    measure = euclidean_distances if distance == "euclidean" else cosine_distances
    shape = _as_it_is if distance == "euclidean" else unit_length
    queries = described.descriptors["query"]
    for protocol in protocols:
        parts = PROTOCOLS[protocol].gallery
        gallery = [one for part in parts for one in described.tracklets[part]]
        descriptors = torch.cat([described.descriptors[part] for part in parts])
        ranked = {False: measure(queries, descriptors)}
        if reranking is not None:
            ranked[True] = k_reciprocal(shape(queries), shape(descriptors), *reranking)
        for reranked, distances in ranked.items():
            scored = _Scorer(described.tracklets["query"], gallery, distances, protocol)
            scores = scored.all()
            carriers = scored.carriers(attributes, scores) if attributes is not None else {}
            yield Result(protocol, reranked, scores, gallery, distances, carriers)


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
