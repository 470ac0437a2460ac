"""Where the correct gallery entries of each query land in its ranking, and the average precision they give.

Ranks are 1-based and stand in rows `[q, m]`, nearest match first, with 0 after a query's last match.
"""

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor
from torch.nn.functional import pad

# Entries of the distance matrix ranked at once: the sort and its masks then take about 100 MB at most.
_CHUNK_ENTRIES = 2**21


def match_ranks(
    distances: Float[Tensor, "q g"],
    query_pids: Int64[Tensor, " q"],
    query_camids: Int64[Tensor, " q"],
    gallery_pids: Int64[Tensor, " g"],
    gallery_camids: Int64[Tensor, " g"],
    skipped: Bool[Tensor, " g"],
) -> Int64[Tensor, "q m"]:
    """Ranks of the gallery entries that show a query's person to another camera.

    An entry with the query's pid and camid takes no place in that query's ranking, a `skipped` one in
    none. Equal distances rank in gallery order.
    """
    rows_at_once = max(1, _CHUNK_ENTRIES // max(1, distances.shape[1]))
    chunks = []
    for start in range(0, distances.shape[0], rows_at_once):
        rows = slice(start, start + rows_at_once)
        same_pid = query_pids[rows, None] == gallery_pids
        same_camid = query_camids[rows, None] == gallery_camids
        kept = ~(same_pid & same_camid) & ~skipped
        chunks.append(_ranks_of(same_pid & kept, kept, distances[rows]))
    width = max(chunk.shape[1] for chunk in chunks)
    return torch.cat([pad(chunk, (0, width - chunk.shape[1])) for chunk in chunks])


def _ranks_of(
    match: Bool[Tensor, "q g"], kept: Bool[Tensor, "q g"], distances: Float[Tensor, "q g"]
) -> Int64[Tensor, "q m"]:
    # A whole stable sort: on MARS it took half the time of counting the closer entries of every match.
    order = distances.argsort(dim=1, stable=True)
    match = match.gather(1, order)
    ranks = kept.gather(1, order).cumsum(1, dtype=torch.int32)
    matches = match.sum(1)
    query, _ = match.nonzero(as_tuple=True)
    ordinal = torch.arange(len(query), device=match.device) - (matches.cumsum(0) - matches)[query]
    padded = torch.zeros(len(match), int(matches.max()), dtype=torch.int64, device=match.device)
    padded[query, ordinal] = ranks[match].long()
    return padded


def step_average_precision(ranks: Int64[Tensor, "q m"]) -> Float64[Tensor, " q"]:
    """Mean precision at the ranks of the matches; NaN for a query without a match."""
    found = torch.arange(1, ranks.shape[1] + 1, device=ranks.device)
    return _mean_over_matches(found / ranks.double(), ranks)


def trapezoid_average_precision(ranks: Int64[Tensor, "q m"]) -> Float64[Tensor, " q"]:
    """As `step_average_precision`, with the mean of the precisions at a match's rank and at the rank before.

    The precision before the first rank counts as 1, as in the evaluation program of MARS.
    """
    found = torch.arange(1, ranks.shape[1] + 1, device=ranks.device)
    before = torch.where(ranks == 1, 1.0, (found - 1) / (ranks.double() - 1))
    return _mean_over_matches((found / ranks.double() + before) / 2, ranks)


def inverse_negative_penalty(ranks: Int64[Tensor, "q m"]) -> Float64[Tensor, " q"]:
    """Matches over the rank of the last one: 1 where no other stands before it; NaN without a match."""
    return (ranks > 0).sum(1) / ranks.amax(1).double()


def _mean_over_matches(
    precisions: Float64[Tensor, "q m"], ranks: Int64[Tensor, "q m"]
) -> Float64[Tensor, " q"]:
    return torch.where(ranks > 0, precisions, 0.0).sum(1) / (ranks > 0).sum(1)
