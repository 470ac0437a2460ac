"""Scoring and re-ranking in plain NumPy: one query or row at a time, as the released programs go.

Written after the algorithms of those programs, to be compared with; `reid_cosam.metrics` holds what is used.
"""

import numpy as np
from jaxtyping import Float, Float32, Int32, Int64
from scipy.spatial.distance import cdist


def score(
    distances: Float32[np.ndarray, "q g"],
    query_pids: Int64[np.ndarray, " q"],
    query_camids: Int64[np.ndarray, " q"],
    gallery_pids: Int64[np.ndarray, " g"],
    gallery_camids: Int64[np.ndarray, " g"],
) -> tuple[float, Float[np.ndarray, " k"], int]:
    """mAP, CMC up to rank 50 and the number of valid queries under protocol `released`."""
    order = np.argsort(distances, axis=1, kind="stable")
    matches = (gallery_pids[order] == query_pids[:, None]).astype(np.int32)
    curves, average_precisions = [], []
    for query in range(len(distances)):
        entries = order[query]
        same_pid = gallery_pids[entries] == query_pids[query]
        same_camid = gallery_camids[entries] == query_camids[query]
        hits = matches[query][~(same_pid & same_camid)]
        if not hits.any():
            continue
        found = hits.cumsum()
        curves.append(np.minimum(found, 1)[:50])
        precisions = np.asarray([count / (place + 1.0) for place, count in enumerate(found)])
        average_precisions.append((precisions * hits).sum() / hits.sum())
    return float(np.mean(average_precisions)), np.mean(curves, axis=0), len(curves)


def k_reciprocal(
    query: Float32[np.ndarray, "q d"],
    gallery: Float32[np.ndarray, "g d"],
    k1: int = 20,
    k2: int = 6,
    lambda_value: float = 0.3,
) -> Float32[np.ndarray, "q g"]:
    """Re-ranked distances from squared L2 distances, in float32 where the released program has float16."""
    descriptors = np.concatenate([query, gallery])
    distances = cdist(descriptors, descriptors, "sqeuclidean").astype(np.float32)
    del descriptors
    ranking = np.argsort(distances, axis=1, kind="stable").astype(np.int32)
    original = distances / distances.max(axis=1, keepdims=True)
    del distances
    weights = np.zeros_like(original)
    for row in range(len(original)):
        members = expanded_neighbours(ranking, row, k1)
        closeness = np.exp(-original[row, members])
        weights[row, members] = closeness / closeness.sum()
    original = original[: len(query)].copy()
    if k2 != 1:
        means = np.zeros_like(weights)
        for row in range(len(weights)):
            means[row] = weights[ranking[row, :k2]].mean(axis=0)
        weights = means
        del means
    del ranking
    jaccard = jaccard_distances(weights, len(query))
    final: Float32[np.ndarray, "q n"] = jaccard * (1 - lambda_value) + original * lambda_value
    return final[:, len(query) :]


def reciprocal_neighbours(ranking: Int32[np.ndarray, "n n"], row: int, k: int) -> Int32[np.ndarray, " r"]:
    nearest = ranking[row, : k + 1]
    reciprocal: Int32[np.ndarray, " r"] = nearest[(ranking[nearest, : k + 1] == row).any(axis=1)]
    return reciprocal


def expanded_neighbours(ranking: Int32[np.ndarray, "n n"], row: int, k1: int) -> Int32[np.ndarray, " e"]:
    """Reciprocal neighbours, and those of each of them that share over two thirds with the row's."""
    own = reciprocal_neighbours(ranking, row, k1)
    members = own
    for neighbour in own:
        theirs = reciprocal_neighbours(ranking, neighbour, int(np.around(k1 / 2)))
        if len(np.intersect1d(theirs, own)) > 2 / 3 * len(theirs):
            members = np.append(members, theirs)
    return np.unique(members)


def jaccard_distances(weights: Float32[np.ndarray, "n n"], num_queries: int) -> Float32[np.ndarray, "q n"]:
    rows_with = [np.flatnonzero(weights[:, column]) for column in range(len(weights))]
    distances = np.zeros((num_queries, len(weights)), dtype=np.float32)
    for row in range(num_queries):
        shared = np.zeros(len(weights), dtype=np.float32)
        for column in np.flatnonzero(weights[row]):
            others = rows_with[column]
            shared[others] += np.minimum(weights[row, column], weights[others, column])
        distances[row] = 1 - shared / (2 - shared)
    return distances
