"""The nearest neighbours of every row of a set by L2 distance, found without holding all distances."""

from itertools import combinations_with_replacement

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from reid_cosam.metrics.retrieval import euclidean_distances

# Rows on either side of the tile of distances that is held at a time (30 bytes per entry).
_TILE_ROWS = 2048
# Of a row's squared norm. A smaller squared distance is rounding, which would rank equal descriptors.
_ROUNDING = 2.0**-40


def rank_neighbours(
    rows: Float32[Tensor, "n d"], num_queries: int, k: int
) -> tuple[Float32[Tensor, "q g"], Float32[Tensor, " n"], Int64[Tensor, "n k"]]:
    """Squared distances of queries to gallery; each row's largest; its `k` nearest rows, itself included.

    The first `num_queries` rows are the queries. Equal distances rank in the order of the rows.

    Raises:
        ValueError: a row has no distance above 0, or one that is not finite.
    """
    norms = rows.square().sum(1, keepdim=True)
    original = rows.new_empty(num_queries, len(rows))
    neighbours = _Neighbours(len(rows), k, rows.device)
    starts = range(0, len(rows), _TILE_ROWS)
    sides = [slice(start, min(start + _TILE_ROWS, len(rows))) for start in starts]
    # A tile of the upper triangle serves its rows and its columns.
    for one, other in combinations_with_replacement(sides, 2):
        tile = euclidean_distances(rows[one], rows[other])
        tile.masked_fill_(tile <= _ROUNDING * norms[one], 0)
        original[one, other] = tile[: max(0, num_queries - one.start)]
        neighbours.add(one, other, tile)
        if one != other:
            neighbours.add(other, one, tile.T)
    largest = neighbours.largest
    if not bool(((largest > 0) & largest.isfinite()).all()):
        raise ValueError("the descriptors are all equal or too large to be squared: check the network")
    return original[:, num_queries:], largest, neighbours.nearest


class _Neighbours:
    """Each row's largest distance and its `k` nearest rows, itself included, as distances come in."""

    def __init__(self, num_rows: int, k: int, device: torch.device) -> None:
        self.largest = torch.zeros(num_rows, device=device)
        self.keys = torch.full((num_rows, k), torch.iinfo(torch.int64).max, device=device)

    def add(self, one: slice, other: slice, distances: Float32[Tensor, "b c"]) -> None:
        """Take in the distances of the rows `one` to the rows `other`."""
        self.largest[one] = torch.maximum(self.largest[one], distances.amax(1))
        # A key is a distance's bits, which floats from 0 up are ordered by, and below them the row: equal
        # distances are then ordered as by a stable sort, which `topk` alone does not keep.
        keys = distances.contiguous().view(torch.int32).long().bitwise_left_shift_(32)
        keys += torch.arange(other.start, other.stop, device=distances.device)
        keys = torch.cat([self.keys[one], keys], dim=1)
        self.keys[one] = keys.topk(self.keys.shape[1], largest=False).values

    @property
    def nearest(self) -> Int64[Tensor, "n k"]:
        return self.keys & (2**32 - 1)
