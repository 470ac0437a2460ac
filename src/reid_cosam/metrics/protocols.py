"""The evaluation protocols in use for video re-identification, by name.

They share one ranking and differ in the gallery, which the caller puts together, and in average precision
(AP). Who uses them:

- `released`: the gallery without queries and junk; step AP. The paper's numbers.
- `with_queries`: the same gallery plus the queries; step AP. AP3D, PSTA, BiCnet, GRL.
- `official`: every test tracklet, junk (pid -1) skipped; trapezoidal AP. The evaluation program of MARS.
- `cross_camera`: one camera queries, the other is the gallery; ranks only, since each person has one match,
  whose AP is the inverse of its rank. iLIDS-VID and PRID2011, as mean and deviation over 10 splits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from reid_cosam.metrics.ranking import (
    inverse_negative_penalty,
    match_ranks,
    step_average_precision,
    trapezoid_average_precision,
)
from reid_cosam.pids import JUNK_PID

CMC_RANKS = 50

Array = Tensor | npt.NDArray[Any]


@dataclass(frozen=True)
class Protocol:
    """How a ranking is scored.

    Attributes:
        gallery: the parts of the test set (`gallery`, `query`, `junk`) that are searched, in this order.
        ranks_only: whether its users report ranks without mAP.
    """

    name: str
    average_precision: Callable[[Tensor], Tensor]
    gallery: tuple[str, ...]
    ranks_only: bool = False


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("released", step_average_precision, ("gallery",)),
        Protocol("with_queries", step_average_precision, ("gallery", "query")),
        Protocol("official", trapezoid_average_precision, ("gallery", "query", "junk")),
        Protocol("cross_camera", step_average_precision, ("gallery",), ranks_only=True),
    )
}


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one distance matrix, as fractions of 1.

    Attributes:
        mean_ap: mean of the average precisions of the valid queries.
        mean_inp: mINP: mean of matches / rank of the last match, over the valid queries (TPAMI 2021).
        cmc: share of valid queries with a match within rank 1, 2, ..., up to 50 or the gallery's size.
        valid_queries: number of queries with a match under another camera; the others are left out.
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
) -> Scores:
    """Score a matrix of distances under a named protocol.

    Args:
        distances: `[q, g]`, float32 or float64, compared as given; equal ones rank in gallery order.
        query_pids: person of each query, integers `[q]`.
        query_camids: camera of each query, integers `[q]`.
        gallery_pids: person of each gallery entry, integers `[g]`; -1 marks junk.
        gallery_camids: camera of each gallery entry, integers `[g]`.
        protocol: key of `PROTOCOLS`. The gallery must be the one that belongs to it.

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
    if protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; choose from {', '.join(PROTOCOLS)}")
    rule = PROTOCOLS[protocol]
    matrix = _checked_distances(distances)
    device = matrix.device
    num_queries, num_gallery = matrix.shape
    q_pids = _checked_ids("query_pids", query_pids, num_queries, device)
    q_camids = _checked_ids("query_camids", query_camids, num_queries, device)
    g_pids = _checked_ids("gallery_pids", gallery_pids, num_gallery, device)
    g_camids = _checked_ids("gallery_camids", gallery_camids, num_gallery, device)
    junk = g_pids == JUNK_PID
    if "junk" not in rule.gallery and bool(junk.any()):
        raise ValueError(
            f"the gallery holds {int(junk.sum())} junk tracklets (pid {JUNK_PID}): "
            f"leave junk out under protocol {protocol!r}"
        )
    ranks = match_ranks(matrix, q_pids, q_camids, g_pids, g_camids, skipped=junk).cpu()
    return _summary(ranks, min(CMC_RANKS, num_gallery), rule)


def _summary(ranks: Tensor, num_ranks: int, rule: Protocol) -> Scores:
    valid = (ranks > 0).any(1)
    if not bool(valid.any()):
        raise ValueError(f"none of the {len(ranks)} queries has a gallery match under another camera")
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


def _checked_distances(distances: Array) -> Tensor:
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


def _checked_ids(name: str, ids: Array, expected: int, device: torch.device) -> Tensor:
    ids = ids if isinstance(ids, Tensor) else torch.tensor(ids)
    if ids.is_floating_point() or list(ids.shape) != [expected]:
        raise ValueError(
            f"{name} must be {expected} integers to fit the distances, got {ids.dtype} {list(ids.shape)}"
        )
    return ids.to(device=device, dtype=torch.int64)
