"""Pairs in samples of people, drawn with replacement: how many lie below a threshold, and how this varies.

`bootstrap` says how pairs are weighted, and after whom.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64
from scipy.sparse import csr_array

from reid_cosam.metrics.openset import Pairs


def draw_people(num_people: int, draws: int, seed: int) -> Float32[np.ndarray, "b p"]:
    """How often each person is drawn, in each of `draws` samples of as many people."""
    generator = np.random.default_rng(seed)
    chances = np.full(num_people, 1 / num_people)
    return generator.multinomial(num_people, chances, size=draws).astype(np.float32)


class Counts(NamedTuple):
    """Pairs up to each threshold: their weights in every draw, and what chance adds for each pair of people.

    `squares` sums, over pairs of people, the squared number of their pairs up to a threshold, `products` that
    number times the number of all their pairs, which `total` sums squared.
    """

    different: Float64[np.ndarray, "k b"]
    same: Float64[np.ndarray, "k b"]
    squares: Float64[np.ndarray, " k"]
    products: Float64[np.ndarray, " k"]
    total: float


def count_pairs(
    pairs: Pairs,
    thresholds: Float32[np.ndarray, " k"],
    weights: Float32[np.ndarray, "b p"],
) -> Counts:
    size = len(thresholds)
    columns = np.ascontiguousarray(weights.T)
    different, same = np.zeros((2, size, len(weights)))
    squares, products = np.zeros((2, size))
    total = 0.0
    for person in np.unique(pairs.query_people):
        rows = pairs.query_people == person
        distances, kept = pairs.distances[rows], pairs.different[rows]
        others = np.broadcast_to(pairs.gallery_people, kept.shape)[kept]
        others, bins = np.divmod(np.sort(others * size + np.searchsorted(thresholds, distances[kept])), size)
        numbers = np.bincount(others, minlength=pairs.num_people)
        before = np.arange(len(others)) - (numbers.cumsum() - numbers)[others]
        squares += np.bincount(bins, weights=2 * before + 1, minlength=size)
        products += np.bincount(bins, weights=numbers[others], minlength=size)
        total += float((numbers.astype(np.float64) ** 2).sum())
        ones = np.ones(len(bins), np.float32)
        table = csr_array((ones, (bins, others)), shape=(size, pairs.num_people))
        different += (table @ columns) * columns[person]
        own = np.bincount(np.searchsorted(thresholds, distances[pairs.same[rows]]), minlength=size)
        same += own[:, None] * columns[person]
    sums = (different.cumsum(axis=0), same.cumsum(axis=0), squares.cumsum(), products.cumsum())
    return Counts(*sums, total)


def variance(
    counts: Counts, value: Float64[np.ndarray, " k"], drawn: Float64[np.ndarray, "k b"], number: int
) -> Float64[np.ndarray, " k"]:
    """Variance of the rate of false alarms.

    The bootstrap has what is due to people once, but what is due to chance within a pair of two people three
    times: twice since either of them may be drawn, and once more since both may. Without the surplus, it is
    the estimate of P. Aronow, C. Samii and V. Assenova, "Cluster-Robust Variance Estimation for Dyadic Data",
    Political Analysis 23, 2015.
    """
    chance = (counts.squares - 2 * value * counts.products + value**2 * counts.total) / number**2
    return np.asarray(np.maximum(drawn.var(axis=1, ddof=1) - 2 * chance, chance))


def drawn_shares(
    counts: Float64[np.ndarray, "k b"],
    distances: Float32[np.ndarray, " n"],
    thresholds: Float32[np.ndarray, " k"],
) -> Float64[np.ndarray, "k b"]:
    """Of all pairs of a draw; a draw that has none is as the people are."""
    shares = counts / np.maximum(counts[-1], 1e-9)
    lost = counts[-1] < 1e-9
    shares[:, lost] = share_below(distances, thresholds)[:, None]
    return np.asarray(shares)


def share_below(
    distances: Float32[np.ndarray, " n"], thresholds: Float32[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"]:
    counts = np.bincount(np.searchsorted(thresholds, distances), minlength=len(thresholds))
    return np.asarray(counts.cumsum() / len(distances))
