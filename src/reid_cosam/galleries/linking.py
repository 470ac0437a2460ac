"""One identity per person over all cameras: hierarchical clustering that respects what is impossible."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from torch import Tensor

from reid_cosam.galleries.times import Constraints
from reid_cosam.metrics.retrieval import euclidean_distances

MOST_TOGETHER = 20_000
"""Tracklets that are clustered at a time; 8 bytes for each pair, three times over, are 10 GB."""

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Links:
    """Who is who.

    Attributes:
        identities: of each tracklet, numbered from 1 in the order in which they first appear.
        own: mean distance to the other tracklets of its identity; NaN if it is the only one.
        nearest: the identity with the least mean distance among the others that it could belong to, 0 if
            there is none.
        other: that distance; NaN if there is none.
    """

    identities: Int64[np.ndarray, " n"]
    own: Float64[np.ndarray, " n"]
    nearest: Int64[np.ndarray, " n"]
    other: Float64[np.ndarray, " n"]


def link(descriptors: Float32[Tensor, "n d"], constraints: Constraints, threshold: float) -> Links:
    """Clusters with average linkage: two clusters are joined while their mean distance is up to `threshold`.

    No cluster ever holds an impossible pair: such a pair counts as a distance so large that every mean with
    it is above the threshold. Tracklets that no chain of possible pairs up to the threshold connects are in
    no common cluster, so each connected part is clustered by itself, with the same result as all at once.

    Args:
        descriptors: one per tracklet; compared by L2 distance, so of unit length for a cosine threshold.
        constraints: of the same tracklets.
        threshold: above 0.

    Raises:
        ValueError: a connected part has more than `MOST_TOGETHER` tracklets.
    """
    rows = descriptors.double()
    parts = _connected(rows, constraints, threshold)
    clusters = np.zeros(len(rows), dtype=np.int64)
    for part in _members(parts):
        if len(part) > MOST_TOGETHER:
            raise ValueError(
                f"{len(part):,} tracklets are connected by distances up to {threshold:.4g}, and at most "
                f"{MOST_TOGETHER:,} can be clustered together: take a smaller threshold, or link shorter "
                "spans of time"
            )
        clusters[part] = clusters.max() + _clusters(rows, part, constraints, threshold)
    first_rows, inverse = np.unique(clusters, return_index=True, return_inverse=True)[1:]
    identities = (np.argsort(np.argsort(first_rows)) + 1)[inverse]
    return Links(identities, *_places(rows, identities, constraints))


def _connected(
    rows: Float64[Tensor, "n d"], constraints: Constraints, threshold: float
) -> Int64[np.ndarray, " n"]:
    """Number of the connected part that each row is in; no `n x n` numbers are held."""
    count = len(rows)
    parts = np.arange(count)
    for block, distances in _distances(rows):
        joined = (distances <= threshold) & ~constraints.impossible(block, slice(None))
        row, column = np.nonzero(joined)
        ends = np.concatenate([row + block.start, np.arange(count)]), np.concatenate([column, parts])
        graph = coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(count, count))
        # A part keeps the number of one of its rows, to which the next block's edges connect it.
        labels = connected_components(graph, directed=False)[1]
        parts = np.unique(labels, return_index=True)[1][labels]
    return parts


def _distances(rows: Float64[Tensor, "n d"]) -> Iterator[tuple[slice, Float64[np.ndarray, "b n"]]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(start, min(start + _ROWS_AT_ONCE, len(rows)))
        yield block, euclidean_distances(rows[block], rows).sqrt_().numpy()


def _members(labels: Int64[np.ndarray, " n"]) -> list[Int64[np.ndarray, " m"]]:
    """Rows of each label."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _clusters(
    rows: Float64[Tensor, "n d"], part: Int64[np.ndarray, " m"], constraints: Constraints, threshold: float
) -> Int64[np.ndarray, " m"]:
    """Cluster of each row of a connected part, from 1."""
    if len(part) == 1:
        return np.ones(1, dtype=np.int64)
    distances = euclidean_distances(rows[part], rows[part]).sqrt_().numpy()
    # The mean over a pair of clusters has at most m² / 4 terms, and one of them is impossible.
    distances[constraints.impossible(part, part)] = max(threshold, 1e-6) * len(part) ** 2
    tree = linkage(squareform(distances, checks=False), "average")
    return fcluster(tree, threshold, "distance").astype(np.int64)


def _places(
    rows: Float64[Tensor, "n d"], identities: Int64[np.ndarray, " n"], constraints: Constraints
) -> tuple[Float64[np.ndarray, " n"], Int64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """`own`, `nearest` and `other` of `Links`."""
    count = len(rows)
    member = csr_array((np.ones(count), (np.arange(count), identities - 1)))
    sizes = np.bincount(identities - 1)
    own, nearest, other = np.full(count, np.nan), np.zeros(count, dtype=np.int64), np.full(count, np.nan)
    for block, distances in _distances(rows):
        numbers = np.arange(block.start, block.stop)
        at = numbers - block.start, identities[block] - 1
        distances[at[0], numbers] = 0
        sums = distances @ member
        alone = sizes[at[1]] == 1
        own[block] = np.where(alone, np.nan, sums[at] / np.maximum(sizes[at[1]] - 1, 1))
        means = sums / sizes
        means[(constraints.impossible(block, slice(None)).astype(np.float64) @ member) > 0] = np.inf
        means[at] = np.inf
        least = means.argmin(axis=1)
        there = np.isfinite(means[at[0], least])
        nearest[block] = np.where(there, least + 1, 0)
        other[block] = np.where(there, means[at[0], least], np.nan)
    return own, nearest, other
