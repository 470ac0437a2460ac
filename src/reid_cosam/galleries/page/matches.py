"""The nearest tracklets of each tracklet, within its identity and outside."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from reid_cosam.galleries.times import Constraints
from reid_cosam.metrics.retrieval import euclidean_distances

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Match:
    """A tracklet and its L2 distance; `rule` is 1 where both are in one camera at one time, 2 where travel
    times forbid the pair, else 0."""

    row: int
    distance: float
    rule: int


def nearest_matches(
    descriptors: Float32[Tensor, "n d"],
    identities: Int64[np.ndarray, " n"],
    constraints: Constraints,
    top: int,
) -> list[tuple[list[Match], list[Match]]]:
    """For each tracklet its `top` nearest of the same identity, and of all others, the nearest first."""
    rows = descriptors.double()
    found: list[tuple[list[Match], list[Match]]] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(start, min(start + _ROWS_AT_ONCE, len(rows)))
        numbers = np.arange(block.start, block.stop)
        distances = euclidean_distances(rows[block], rows).sqrt_()
        off_time = constraints.off_time(block, slice(None))
        rules = np.where(constraints.same_time(block, slice(None)), 1, np.where(off_time, 2, 0))
        own = torch.from_numpy(identities[block, None] == identities)
        others = distances.masked_fill(own, torch.inf)
        own[numbers - start, numbers] = False
        inside = distances.masked_fill(~own, torch.inf)
        found += zip(_nearest(inside, rules, top), _nearest(others, rules, top), strict=True)
    return found


def _nearest(distances: Tensor, rules: Int64[np.ndarray, "b n"], top: int) -> list[list[Match]]:
    near = distances.topk(min(top, distances.shape[1]), largest=False)
    return [
        [
            Match(column, distance, int(row_rules[column]))
            for distance, column in zip(*one, strict=True)
            if np.isfinite(distance)
        ]
        for *one, row_rules in zip(near.values.tolist(), near.indices.tolist(), rules, strict=True)
    ]
