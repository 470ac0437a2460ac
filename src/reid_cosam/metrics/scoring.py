"""The one way from descriptors to scores: under named protocols, re-ranked if asked for, and by attribute.

Validation, the end of a training run, `evaluate` and `score` all call `score_protocols`.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reid_cosam.metrics.protocols import Scores, check_distances, score_labelled
from reid_cosam.metrics.reranking import check_parameters, k_reciprocal
from reid_cosam.metrics.retrieval import cosine_distances, euclidean_distances, unit_length
from reid_cosam.metrics.rules import PROTOCOLS
from reid_cosam.metrics.testset import TestSet

_DISTANCES = {"euclidean": euclidean_distances, "cosine": cosine_distances}


class Reranking(NamedTuple):
    """The parameters of `metrics.reranking.k_reciprocal`, in its order; by default the released code's."""

    k1: int = 20
    k2: int = 6
    lambda_value: float = 0.3
    squared: bool = True


class ScoringConfig(NamedTuple):
    """How a test set is scored.

    >>> ScoringConfig(("released", "official"), "cosine")[:2]
    (('released', 'official'), 'cosine')

    Attributes:
        protocols: `released`, `with_queries`, `official`, `cross_camera`, `clothes_changing`, `same_clothes`,
            `cross_view`.
        distance: between descriptors, re-ranked or not.
        rerankings: one result for each under every protocol; None ranks by the distances as they are.
        attributes: which queries show somebody with an attribute, such as a hat: scored by themselves too.
    """

    protocols: Sequence[str] = ("released",)
    distance: Literal["euclidean", "cosine"] = "euclidean"
    rerankings: Sequence[Reranking | None] = (None,)
    attributes: Mapping[str, Bool[np.ndarray, " q"]] = MappingProxyType({})


class ProtocolResult(NamedTuple):
    """Scores under one protocol.

    Attributes:
        distance: between descriptors: `euclidean` (squared) or `cosine`.
        reranking: its parameters; None where the distances are not re-ranked.
        gallery: rows of the test set that were searched.
        distances: of every query to every row of `gallery`, on the CPU.
        by_attribute: scores of the queries with an attribute against that same gallery; None where none of
            them is valid.
    """

    protocol: str
    distance: str
    reranking: Reranking | None
    scores: Scores
    gallery: Int64[np.ndarray, " g"]
    distances: Float[Tensor, "q g"]
    by_attribute: Mapping[str, Scores | None]

    @property
    def reranked(self) -> bool:
        return self.reranking is not None

    @property
    def name(self) -> str:
        return f"{self.protocol}, re-ranked" if self.reranked else self.protocol

    @property
    def file_name(self) -> str:
        return f"{self.protocol}_reranked" if self.reranked else self.protocol


def score_protocols(
    descriptors: Float[Tensor, "n d"], test_set: TestSet, config: ScoringConfig
) -> Iterator[ProtocolResult]:
    """Score the descriptors of a test set: one result per protocol and entry of `config.rerankings`.

    Each result is made when it is asked for, since its distances may be large (75 MB for MARS). Distances are
    computed on the descriptors' device.

    Example:
        Two people, each seen by two cameras. The second query's nearest is the other person:

        >>> test_set = TestSet(np.array([1, 2, 1, 2]), np.array([1, 1, 2, 2]), num_queries=2)
        >>> descriptors = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.1, 0.0], [3.0, 0.0]])
        >>> (result,) = score_protocols(descriptors, test_set, ScoringConfig())
        >>> result.scores.mean_ap, result.scores.rank(1)
        (0.75, 0.5)

    Raises:
        ValueError: there is not one descriptor per tracklet, a protocol is unknown or finds no valid query,
            descriptors are not finite, or re-ranking parameters do not fit.
    """
    if len(descriptors) != len(test_set):
        raise ValueError(f"{len(descriptors)} descriptors do not fit a test set of {len(test_set)} tracklets")
    parts: tuple[str, ...] = ()
    made: dict[Reranking | None, Tensor] = {}  # for the next protocol, where it searches the same gallery
    for protocol in config.protocols:
        rows = test_set.gallery(protocol)
        searched = descriptors[torch.from_numpy(rows).to(descriptors.device)]
        query, gallery = test_set.compared(protocol)
        if PROTOCOLS[protocol].gallery != parts:
            parts, made = PROTOCOLS[protocol].gallery, {}
        queries = descriptors[: test_set.num_queries]
        for reranking in config.rerankings:
            if reranking not in made:
                found = _distances(queries, searched, config.distance, reranking).cpu()
                made[reranking] = check_distances(found)
            distances = made[reranking]
            scores = score_labelled(distances, query, gallery, PROTOCOLS[protocol])
            by_attribute = scores_by_attribute(scores, config.attributes)
            yield ProtocolResult(protocol, config.distance, reranking, scores, rows, distances, by_attribute)


def scores_by_attribute(
    scores: Scores, attributes: Mapping[str, Bool[np.ndarray, " q"]]
) -> dict[str, Scores | None]:
    """Scores of the queries with each attribute; None where none of them is valid."""
    valid = scores.first_ranks > 0
    return {
        name: scores.of_queries(chosen) if (valid & chosen).any() else None
        for name, chosen in attributes.items()
    }


def check(test_set: TestSet, config: ScoringConfig) -> None:
    """Check, before hours of extraction, all that can be checked without descriptors.

    Raises:
        ValueError: no query has a match under a protocol, the protocol needs clothes or views that are not
            known, or re-ranking parameters do not fit its size.
    """
    num_queries = test_set.num_queries
    for protocol in config.protocols:
        rows = test_set.gallery(protocol)
        if not test_set.valid_queries(protocol).any():
            raise ValueError(
                f"protocol {protocol}: none of the {num_queries} queries has a match in the gallery "
                f"{PROTOCOLS[protocol].match}"
            )
        for k1, k2, lambda_value, _ in filter(None, config.rerankings):
            try:
                check_parameters(num_queries + len(rows), k1, k2, lambda_value)
            except ValueError as error:
                raise ValueError(f"protocol {protocol}: reranking.{error}") from None


def _distances(
    query: Float[Tensor, "q d"], gallery: Float[Tensor, "g d"], distance: str, reranking: Reranking | None
) -> Float[Tensor, "q g"]:
    if reranking is None:
        return _DISTANCES[distance](query, gallery)
    if distance == "cosine":
        query, gallery = unit_length(query), unit_length(gallery)
    return k_reciprocal(query, gallery, *reranking)
