"""Weights between the rows of a set, of which only those above 0 are kept: a few of each row."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

# Held at a time: entries of a block of whole rows (10 bytes each), pairs of weights (60 bytes each).
_BLOCK_ENTRIES = 2**24
_WEIGHT_PAIRS = 2**21


class SparseWeights(NamedTuple):
    """Weights above 0: row i's are the `counts[i]` from `starts[i]` on, in the order of their columns."""

    starts: Int64[Tensor, " n"]
    counts: Int64[Tensor, " n"]
    columns: Int64[Tensor, " w"]
    values: Float32[Tensor, " w"]


def row_blocks(num_rows: int) -> list[slice]:
    """Blocks of whole rows of `n x n`, each with few enough entries to be held at a time."""
    size = max(1, _BLOCK_ENTRIES // num_rows)
    return [slice(start, start + size) for start in range(0, num_rows, size)]


def sparse(blocks: Iterable[Float32[Tensor, "_ n"]]) -> SparseWeights:
    """The weights of all rows, from blocks of whole rows in order."""
    parts = []
    for block in blocks:
        row, column = block.nonzero(as_tuple=True)
        parts.append((torch.bincount(row, minlength=len(block)), column, block[row, column]))
    counts, columns, values = (torch.cat(part) for part in zip(*parts, strict=True))
    return SparseWeights(counts.cumsum(0) - counts, counts, columns, values)


def mean_weights(weights: SparseWeights, nearest: Int64[Tensor, "n k"]) -> SparseWeights:
    """Each row's weights averaged over its nearest rows: the paper's local query expansion."""
    return sparse(_mean_blocks(weights, nearest))


def _mean_blocks(weights: SparseWeights, nearest: Int64[Tensor, "n k"]) -> Iterator[Float32[Tensor, "_ n"]]:
    for block in row_blocks(len(nearest)):
        neighbours = nearest[block]
        mean = torch.zeros(len(neighbours), len(nearest), device=nearest.device)
        for column in neighbours.T:  # one at a time: they add up in the same order on every device
            row, at = _segments(weights.starts[column], weights.counts[column])
            mean[row, weights.columns[at]] += weights.values[at]
        yield mean.div_(nearest.shape[1])


def shared_weights(weights: SparseWeights, num_queries: int) -> Float32[Tensor, "q g"]:
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


def _segments(
    starts: Int64[Tensor, " s"], counts: Int64[Tensor, " s"]
) -> tuple[Int64[Tensor, " w"], Int64[Tensor, " w"]]:
    """The number of the segment and the place of each of the `counts[s]` entries from `starts[s]` on."""
    numbers = torch.arange(len(starts), device=starts.device).repeat_interleave(counts)
    before = counts.cumsum(0) - counts
    return numbers, torch.arange(len(numbers), device=starts.device) + (starts - before)[numbers]


def _pieces(counts: Int64[Tensor, " s"], limit: int) -> Iterator[slice]:
    """Runs of segments with about `limit` entries in all."""
    _, lengths = (counts.cumsum(0) // limit).unique_consecutive(return_counts=True)
    start = 0
    for length in lengths.tolist():
        yield slice(start, start + length)
        start += length
