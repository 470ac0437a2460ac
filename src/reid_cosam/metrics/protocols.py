"""What a matrix of distances scores under a named protocol."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from reid_cosam.metrics.ranking import inverse_negative_penalty, match_ranks
from reid_cosam.metrics.rules import PROTOCOLS as PROTOCOLS
from reid_cosam.metrics.rules import Labels, ScoringProtocol, protocol_named
from reid_cosam.pids import JUNK_PID

CMC_RANKS = 50

Array = Tensor | npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one distance matrix, as fractions of 1.

    Attributes:
        mean_ap: mean of the average precisions of the valid queries.
        mean_inp: mINP: mean of matches / rank of the last match, over the valid queries (TPAMI 2021).
        cmc: share of valid queries with a match within rank 1, 2, ..., up to 50 or the gallery's size.
        valid_queries: number of queries with a match that takes a rank; the others are left out.
        average_precisions: one per query, NaN where it is not valid.
        match_ranks: one row per query `[q, m]`: the ranks of its matches, nearest first, then zeros.
        protocol: name of the protocol.
    """

    mean_ap: float
    mean_inp: float
    cmc: npt.NDArray[np.float64]
    valid_queries: int
    average_precisions: npt.NDArray[np.float64]
    match_ranks: npt.NDArray[np.int64]
    protocol: str

    @property
    def first_ranks(self) -> npt.NDArray[np.int64]:
        """Rank of the nearest match, one per query, 0 where it is not valid."""
        return self.match_ranks[:, 0]

    def of_queries(self, chosen: npt.NDArray[np.bool_]) -> "Scores":
        """Scores of some of the queries, against the same gallery.

        Raises:
            ValueError: none of them is valid.
        """
        ranks = self.match_ranks[chosen]
        width = np.count_nonzero(ranks, axis=1).max(initial=1)
        return _summary(torch.from_numpy(ranks[:, :width]), len(self.cmc), PROTOCOLS[self.protocol])

    def rank(self, k: int) -> float:
        """R-k: share of valid queries with a match among the first k."""
        if k < 1:
            raise ValueError(f"ranks start at 1, got {k}")
        return float(np.mean(self.first_ranks[self.first_ranks > 0] <= k))


def score(
    distances: Array,
    query_pids: Array,
    query_camids: Array,
    gallery_pids: Array,
    gallery_camids: Array,
    protocol: str = "released",
    *,
    query_clothes: Array | None = None,
    gallery_clothes: Array | None = None,
    query_views: Array | None = None,
    gallery_views: Array | None = None,
) -> Scores:
    """Score a matrix of distances under a named protocol.

    Args:
        distances: `[q, g]`, float32 or float64, compared as given; equal ones rank in gallery order.
        query_pids: person of each query, integers `[q]`.
        query_camids: camera of each query, integers `[q]`.
        gallery_pids: person of each gallery entry, integers `[g]`; -1 marks junk.
        gallery_camids: camera of each gallery entry, integers `[g]`.
        protocol: key of `PROTOCOLS`. The gallery must be the one that belongs to it.
        query_clothes: clothes of each query `[q]`, names or numbers that are unique within a person.
        gallery_clothes: clothes of each gallery entry `[g]`; `clothes_changing` and `same_clothes` need both.
        query_views: view of each query `[q]`, names or numbers.
        gallery_views: view of each gallery entry `[g]`; `cross_view` needs both.

    Example:
        One query whose two matches come first and third. An entry of its own camera takes no rank:

        >>> distances = torch.tensor([[0.0, 0.1, 0.2, 0.3]])
        >>> gallery_pids, gallery_camids = torch.tensor([7, 7, 5, 7]), torch.tensor([1, 2, 2, 3])
        >>> scores = score(distances, torch.tensor([7]), torch.tensor([1]), gallery_pids, gallery_camids)
        >>> round(scores.mean_ap, 3), scores.cmc.tolist(), scores.valid_queries
        (0.833, [1.0, 1.0, 1.0, 1.0], 1)

    Raises:
        ValueError: unknown protocol, shapes that do not fit, distances that are not finite, an empty
            gallery, junk where the protocol has none, or no query with a match.
    """
    rule = protocol_named(protocol)
    matrix = check_distances(distances)
    num_queries, num_gallery = matrix.shape
    query = Labels(
        _checked_ids("query_pids", query_pids, num_queries),
        _checked_ids("query_camids", query_camids, num_queries),
        _needed("query_clothes", query_clothes, num_queries, rule),
        _needed("query_views", query_views, num_queries, rule),
    )
    gallery = Labels(
        _checked_ids("gallery_pids", gallery_pids, num_gallery),
        _checked_ids("gallery_camids", gallery_camids, num_gallery),
        _needed("gallery_clothes", gallery_clothes, num_gallery, rule),
        _needed("gallery_views", gallery_views, num_gallery, rule),
    )
    return score_labelled(matrix, query, gallery, rule)


def score_labelled(
    distances: Float[Tensor, "q g"], query: Labels, gallery: Labels, rule: ScoringProtocol
) -> Scores:
    """As `score`, of labels that fit the distances."""
    junk = int((gallery.pids == JUNK_PID).sum())
    if "junk" not in rule.gallery and junk:
        raise ValueError(
            f"the gallery holds {junk} junk tracklets (pid {JUNK_PID}): "
            f"leave junk out under protocol {rule.name!r}"
        )
    ranks = match_ranks(distances, rule.compared(query, gallery))
    return _summary(ranks, min(CMC_RANKS, distances.shape[1]), rule)


def _summary(ranks: Tensor, num_ranks: int, rule: ScoringProtocol) -> Scores:
    valid = (ranks > 0).any(1)
    if not bool(valid.any()):
        raise ValueError(f"none of the {len(ranks)} queries has a gallery match {rule.match}")
    first_ranks = ranks[:, 0]
    average_precisions = rule.average_precision(ranks)
    hits = torch.bincount(first_ranks[valid], minlength=num_ranks + 1)[1 : num_ranks + 1]
    num_valid = int(valid.sum())
    return Scores(
        mean_ap=float(average_precisions[valid].mean()),
        mean_inp=float(inverse_negative_penalty(ranks)[valid].mean()),
        cmc=(hits.cumsum(0).double() / num_valid).numpy(),
        valid_queries=num_valid,
        average_precisions=average_precisions.numpy(),
        match_ranks=ranks.numpy(),
        protocol=rule.name,
    )


def check_distances(distances: Array) -> Tensor:
    """The distances as a tensor, raises as `score` where they are not a matrix of finite numbers."""
    matrix = torch.as_tensor(distances)
    if matrix.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"distances must be float32 or float64, got {matrix.dtype}")
    if matrix.ndim != 2:
        raise ValueError(f"distances must be [queries, gallery], got shape {list(matrix.shape)}")
    if matrix.shape[1] == 0:
        raise ValueError("the gallery is empty")
    if matrix.shape[0] == 0:
        raise ValueError("there are no queries")
    if not all(map(torch.isfinite, matrix.aminmax())):  # a mask as large as the distances only if it fails
        bad = int((~torch.isfinite(matrix)).sum())
        raise ValueError(f"{bad} of {matrix.numel()} distances are NaN or infinite: check the descriptors")
    return matrix


def _checked_ids(name: str, ids: Array, expected: int) -> npt.NDArray[np.int64]:
    array = _as_numpy(ids)
    if array.dtype.kind not in "iu" or array.shape != (expected,):
        raise ValueError(
            f"{name} must be {expected} integers to fit the distances, got {array.dtype} {list(array.shape)}"
        )
    return array.astype(np.int64)


def _needed(name: str, labels: Array | None, expected: int, rule: ScoringProtocol) -> npt.NDArray[Any] | None:
    """Clothes or views where the protocol looks at them, else None."""
    if rule.needs is None or not name.endswith(rule.needs):
        return None
    found = None if labels is None else _as_numpy(labels)
    if found is None or found.shape != (expected,):
        got = "none" if found is None else f"shape {list(found.shape)}"
        raise ValueError(f"protocol {rule.name!r} needs {name}, {expected} to fit the distances, got {got}")
    return found


def _as_numpy(values: Array) -> npt.NDArray[Any]:
    return values.numpy(force=True) if isinstance(values, Tensor) else np.asarray(values)
