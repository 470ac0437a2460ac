"""k-reciprocal re-ranking (Zhong, Zheng, Cao and Li, CVPR 2017), as the code released with it does it.

Queries and gallery are one set of `n` rows, ranked by their L2 distances; an original distance is one divided
by the largest of its row. The released code calculates in float16, this in float32. Only a few neighbours of
a row ever count: just the weights above 0 are kept, and nothing of `n x n`.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations_with_replacement
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from reid_cosam.metrics.retrieval import euclidean_distances

# In hand at once: the sides of a tile of distances (30 bytes an entry), entries of a block of whole rows (10
# bytes), entries of the descriptors that are measured in pairs (12 bytes), pairs of weights (60 bytes).
_TILE_ROWS = 2048
_BLOCK_ENTRIES = 2**24
_DESCRIPTOR_ENTRIES = 2**23
_WEIGHT_PAIRS = 2**21
# Of a row's squared norm. A smaller squared distance is rounding, which would rank equal descriptors.
_ROUNDING = 2.0**-40


class _Weights(NamedTuple):
    """Weights above 0: row i's are the `counts[i]` from `starts[i]` on, in the order of their columns."""

    starts: Int64[Tensor, " n"]
    counts: Int64[Tensor, " n"]
    columns: Int64[Tensor, " w"]
    values: Float32[Tensor, " w"]


def k_reciprocal(
    query: Float[Tensor, "q d"],
    gallery: Float[Tensor, "g _"],
    k1: int = 20,
    k2: int = 6,
    lambda_value: float = 0.3,
    squared: bool = True,
) -> Float32[Tensor, "q g"]:
    """Distances `(1 - lambda_value) * Jaccard + lambda_value * original`, on the descriptors' device.

    Equal distances rank in the order of the rows, queries first.

    Args:
        query: descriptors of the queries.
        gallery: descriptors of the gallery, as wide. All of them, and all queries, bear on each distance.
        k1: rows are reciprocal neighbours that are among the `k1` nearest of each other.
        k2: a row takes the mean weights of its `k2` nearest, itself included; 1 leaves it its own.
        lambda_value: share of the original distance, 0 to 1.
        squared: whether original distances are squared L2, as in the released code, or L2.

    Raises:
        ValueError: a setting out of range; descriptors that are missing, not finite, all equal, or not of
            one width.
    """
    _check_descriptors(query, gallery)
    _check_settings(len(query) + len(gallery), k1, k2, lambda_value)
    rows = torch.cat([query, gallery]).float()
    original, largest, nearest = _rank(rows, len(query), max(k1 + 1, k2))
    weights = _sparse(_reciprocal_weights(rows, largest, nearest[:, : k1 + 1], round(k1 / 2), squared))
    if k2 > 1:
        weights = _sparse(_mean_weights(weights, nearest[:, :k2]))
    shared = _shared_weights(weights, len(query))
    jaccard = 1 - shared / (2 - shared)
    original = _normalised(original, largest[: len(query), None], squared)
    return jaccard.mul_(1 - lambda_value).add_(original, alpha=lambda_value)


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


def _rank(
    rows: Float32[Tensor, "n d"], num_queries: int, k: int
) -> tuple[Float32[Tensor, "q g"], Float32[Tensor, " n"], Int64[Tensor, "n k"]]:
    """Squared distances of queries to gallery; each row's largest; its `k` nearest rows, itself included."""
    norms = rows.square().sum(1, keepdim=True)
    original = rows.new_empty(num_queries, len(rows))
    neighbours = _Neighbours(len(rows), k, rows.device)
    # A tile of the upper triangle serves its rows and its columns.
    for one, other in combinations_with_replacement(_slices(len(rows), _TILE_ROWS), 2):
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


def _reciprocal_weights(
    rows: Float32[Tensor, "n d"],
    largest: Float32[Tensor, " n"],
    nearest: Int64[Tensor, "n k"],
    half: int,
    squared: bool,
) -> Iterator[Float32[Tensor, "_ n"]]:
    """`exp(-original distance)` of each row's reciprocal neighbours, divided by its sum.

    A neighbour brings its own, within `half`, where more than two thirds of them are there already.
    """
    reciprocal = _reciprocal(nearest)
    near = nearest[:, : half + 1]
    near_reciprocal = _reciprocal(near)
    sizes = near_reciprocal.sum(1)
    for block in _blocks(len(rows)):
        neighbours = nearest[block]
        members = torch.zeros(len(neighbours), len(rows), dtype=torch.bool, device=rows.device)
        members.scatter_(1, neighbours, reciprocal[block])
        theirs, valid = near[neighbours], near_reciprocal[neighbours]
        common = (members.gather(1, theirs.flatten(1)).view_as(valid) & valid).sum(2)
        brought = valid & (reciprocal[block] & (3 * common > 2 * sizes[neighbours]))[:, :, None]
        members[brought.nonzero()[:, 0], theirs[brought]] = True
        row, column = members.nonzero(as_tuple=True)
        distances = _pair_distances(rows, row + block.start, column)
        weights = torch.zeros(members.shape, device=rows.device)
        weights[members] = _normalised(distances, largest[block][row], squared).neg_().exp_()
        # Nothing weighs below 1 / e, but a row with more than k1 equals before it may have no neighbour.
        yield weights.div_(weights.sum(1, keepdim=True).clamp_(min=0.1))


def _reciprocal(nearest: Int64[Tensor, "n k"]) -> Bool[Tensor, "n k"]:
    """Which of each row's nearest have the row among their own."""
    own = torch.arange(len(nearest), device=nearest.device)[:, None, None]
    blocks = _blocks(len(nearest))
    return torch.cat([(nearest[nearest[block]] == own[block]).any(2) for block in blocks])


def _mean_weights(weights: _Weights, nearest: Int64[Tensor, "n k"]) -> Iterator[Float32[Tensor, "_ n"]]:
    """Each row's weights averaged over its nearest rows."""
    for block in _blocks(len(nearest)):
        neighbours = nearest[block]
        mean = torch.zeros(len(neighbours), len(nearest), device=nearest.device)
        for column in neighbours.T:  # one at a time: they add up in the same order on every device
            row, at = _segments(weights.starts[column], weights.counts[column])
            mean[row, weights.columns[at]] += weights.values[at]
        yield mean.div_(nearest.shape[1])


def _shared_weights(weights: _Weights, num_queries: int) -> Float32[Tensor, "q g"]:
    """Sum over the columns of the lesser of a query's and a gallery row's weight."""
    num_rows = len(weights.counts)
    row = torch.arange(num_rows, device=weights.counts.device).repeat_interleave(weights.counts)
    split = int(weights.counts[:num_queries].sum())
    column = weights.columns[:split]
    by_column = weights.columns[split:].argsort(stable=True) + split
    gallery_row, gallery_value = row[by_column] - num_queries, weights.values[by_column]
    counts = torch.bincount(weights.columns[split:], minlength=num_rows)
    starts = counts.cumsum(0) - counts
    shared = weights.values.new_zeros(num_queries, num_rows - num_queries)
    for piece in _pieces(counts[column], _WEIGHT_PAIRS):
        pair, at = _segments(starts[column[piece]], counts[column[piece]])
        place = row[piece][pair] * shared.shape[1] + gallery_row[at]
        lesser = torch.minimum(weights.values[piece][pair], gallery_value[at])
        shared.view(-1).index_add_(0, place, lesser)
    return shared


def _pair_distances(
    rows: Float32[Tensor, "n d"], first: Int64[Tensor, " p"], second: Int64[Tensor, " p"]
) -> Float32[Tensor, " p"]:
    """Squared distances of pairs of rows."""
    at_once = max(1, _DESCRIPTOR_ENTRIES // rows.shape[1])
    pairs = zip(first.split(at_once), second.split(at_once), strict=True)
    return torch.cat([(rows[one] - rows[other]).square_().sum(1) for one, other in pairs])


def _normalised(
    squares: Float32[Tensor, "*s"], largest: Float32[Tensor, "*t"], squared: bool
) -> Float32[Tensor, "*s"]:
    return squares / largest if squared else squares.sqrt() / largest.sqrt()


def _sparse(blocks: Iterable[Float32[Tensor, "_ n"]]) -> _Weights:
    parts = []
    for block in blocks:
        row, column = block.nonzero(as_tuple=True)
        parts.append((torch.bincount(row, minlength=len(block)), column, block[row, column]))
    counts, columns, values = (torch.cat(part) for part in zip(*parts, strict=True))
    return _Weights(counts.cumsum(0) - counts, counts, columns, values)


def _segments(
    starts: Int64[Tensor, " s"], counts: Int64[Tensor, " s"]
) -> tuple[Int64[Tensor, " w"], Int64[Tensor, " w"]]:
    """The number of the segment and the place of each of the `counts[s]` entries from `starts[s]` on."""
    numbers = torch.arange(len(starts), device=starts.device).repeat_interleave(counts)
    before = counts.cumsum(0) - counts
    return numbers, torch.arange(len(numbers), device=starts.device) + (starts - before)[numbers]


def _blocks(num_rows: int) -> list[slice]:
    """Blocks of whole rows of `n x n`."""
    return _slices(num_rows, max(1, _BLOCK_ENTRIES // num_rows))


def _slices(total: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]


def _pieces(counts: Int64[Tensor, " s"], limit: int) -> Iterator[slice]:
    """Runs of segments with about `limit` entries in all."""
    _, lengths = (counts.cumsum(0) // limit).unique_consecutive(return_counts=True)
    start = 0
    for length in lengths.tolist():
        yield slice(start, start + length)
        start += length


def _check_settings(num_rows: int, k1: int, k2: int, lambda_value: float) -> None:
    if not 1 <= k1 < num_rows:
        raise ValueError(f"k1 must be 1 to {num_rows - 1}, one less than queries and gallery, got {k1}")
    if not 1 <= k2 <= num_rows:
        raise ValueError(f"k2 must be 1 (none averaged) to {num_rows}, queries and gallery, got {k2}")
    if not 0 <= lambda_value <= 1:
        raise ValueError(f"lambda_value is the share of the original distance, 0 to 1, got {lambda_value}")


def _check_descriptors(query: Float[Tensor, "q d"], gallery: Float[Tensor, "g _"]) -> None:
    for name, descriptors in (("query", query), ("gallery", gallery)):
        if len(descriptors) == 0:
            raise ValueError(f"there are no {name} descriptors")
        bad = int((~descriptors.isfinite()).any(1).sum())
        if bad:
            raise ValueError(
                f"{bad} of {len(descriptors)} {name} descriptors are NaN or infinite: check the network"
            )
    if query.shape[1] != gallery.shape[1]:
        raise ValueError(
            f"query descriptors are {query.shape[1]} wide and gallery descriptors {gallery.shape[1]}: "
            "take both from the same network"
        )
