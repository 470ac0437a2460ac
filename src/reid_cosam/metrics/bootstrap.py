"""Error rates over thresholds with confidence limits: a bootstrap over people, not over pairs.

Pairs that share a person are not independent, so people are drawn with replacement, and a pair of two people
counts as often as the product of how often each was drawn, a pair of one person as often as that person: the
vertex bootstrap of T. A. B. Snijders and S. P. Borgatti, "Non-parametric standard errors and tests for
network statistics", Connections 22(2), 1999; R. Fogliato, P. Patil and P. Perona compare it with others for
error rates of pairs ("Confidence Intervals for Error Rates in 1:1 Matching Tasks", IJCV 2024).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64
from scipy.sparse import csr_array

from reid_cosam.metrics.openset import (
    FALSE_ALARM_RATES,
    FALSE_POSITIVE_RATES,
    Pairs,
    Searches,
    crossing,
    equal_error_rate,
    identification_rates,
    true_positive_rates,
    weighted_identification,
)

LEVEL = 0.95
_NORMAL = 1.959963984540054  # its two-sided quantile of the normal distribution
_DIFFERENT, _SAME = 250, 150  # thresholds at distances of either kind of pair


class Interval(NamedTuple):
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


class Rates(NamedTuple):
    """A rate at every threshold and its 95 % confidence interval."""

    value: Float64[np.ndarray, " k"]
    low: Float64[np.ndarray, " k"]
    high: Float64[np.ndarray, " k"]


class Curves(NamedTuple):
    """Errors at thresholds; one who takes pairs up to a threshold, itself included, for the same person.

    Attributes:
        thresholds: ascending distances. They lie denser where false alarms are rare: the nearest different
            pairs are all among them.
        false_alarms: share of the different pairs that are taken for the same person (FPR).
        misses: share of the same pairs that are not (1 - TPR); None where no same pairs are known.
    """

    thresholds: Float64[np.ndarray, " k"]
    false_alarms: Rates
    misses: Rates | None


def draw_people(num_people: int, draws: int, seed: int) -> Float32[np.ndarray, "b p"]:
    """How often each person is drawn, in each of `draws` samples of as many people."""
    generator = np.random.default_rng(seed)
    chances = np.full(num_people, 1 / num_people)
    return generator.multinomial(num_people, chances, size=draws).astype(np.float32)


class OpenSet(NamedTuple):
    """Open-set scores, each with its interval; None where a rate is not measurable.

    Attributes:
        people: number of people who take part in a pair; distractors, who are never a query, are not counted.
        equal_error_rate: None where no same pairs are known, as are all that follow.
        true_positive_rates: by false positive rate.
        identification_rates: DIR by FAR. The gallery stays as it is, and people who query are drawn: with
            fewer people in it, a gallery would raise fewer false alarms than the one that is scored.
    """

    people: int
    same_pairs: int
    different_pairs: int
    curves: Curves
    equal_error_rate: Interval | None
    true_positive_rates: dict[float, Interval | None]
    identification_rates: dict[float, Interval | None]


def open_set(
    pairs: Pairs,
    searches: Searches | None = None,
    draws: int = 500,
    seed: int = 0,
) -> OpenSet:
    """Scores of pairs and searches, with limits that tell how much they depend on the people who were there.

    Args:
        searches: None where the nearest distances are not known.
        draws: number of samples of people.

    Raises:
        ValueError: there are no different pairs.
    """
    different, same = pairs.distances[pairs.different], pairs.distances[pairs.same]
    if not different.size:
        raise ValueError("no two tracklets of different people can be compared")
    thresholds = _thresholds(different, same)
    weights = draw_people(pairs.num_people, draws, seed)
    counts = _count(pairs, thresholds, weights)
    false, rate = _shares(counts.different, different, thresholds), _share_below(different, thresholds)
    people = _people(pairs, pairs.different | pairs.same)
    false_alarms = _limits(rate, _variance(counts, rate, false, len(different)), people)
    misses, error, positive = None, None, {}
    if same.size:
        missed = 1 - _shares(counts.same, same, thresholds)
        variance = missed.var(axis=1, ddof=1)
        misses = _limits(1 - _share_below(same, thresholds), variance, _people(pairs, pairs.same))
        error = percentiles(equal_error_rate(same, different), crossing(false, missed))
        exact = true_positive_rates(same, different, FALSE_POSITIVE_RATES)
        positive = {
            rate: None if value is None else percentiles(value, _at_rate(false, 1 - missed, rate))
            for rate, value in zip(FALSE_POSITIVE_RATES, exact, strict=True)
        }
    curves = Curves(thresholds.astype(np.float64), false_alarms, misses)
    identified = {} if searches is None else _identified(searches, weights)
    return OpenSet(people, len(same), len(different), curves, error, positive, identified)


def _identified(searches: Searches, weights: Float32[np.ndarray, "b p"]) -> dict[float, Interval | None]:
    if not len(searches.people):
        return dict.fromkeys(FALSE_ALARM_RATES)
    exact = identification_rates(searches, FALSE_ALARM_RATES)
    present = weights[weights[:, searches.people].any(axis=1)]
    drawn = weighted_identification(searches, FALSE_ALARM_RATES, present)
    return {
        rate: None if value is None else percentiles(value, found)
        for rate, value, found in zip(FALSE_ALARM_RATES, exact, drawn, strict=True)
    }


def _at_rate(
    false: Float64[np.ndarray, "k b"], found: Float64[np.ndarray, "k b"], rate: float
) -> Float64[np.ndarray, " b"]:
    """TPR at a FPR in every draw, on the straight line between the thresholds on both sides of it."""
    start = np.zeros((1, false.shape[1]))
    false, found = np.concatenate([start, false]), np.concatenate([start, found])
    columns = np.arange(false.shape[1])
    before = np.maximum((false <= rate + 1e-12).sum(axis=0) - 1, 0)
    after = np.minimum(before + 1, len(false) - 1)
    rise = false[after, columns] - false[before, columns]
    part = np.where(rise > 0, (rate - false[before, columns]) / np.where(rise > 0, rise, 1), 0).clip(0, 1)
    return np.asarray(found[before, columns] * (1 - part) + found[after, columns] * part)


def _thresholds(
    different: Float32[np.ndarray, " d"], same: Float32[np.ndarray, " s"]
) -> Float32[np.ndarray, " k"]:
    """Distances of different pairs, denser at the near end, and of same pairs, denser at the far end."""
    ranks = np.unique(np.geomspace(1, len(different), _DIFFERENT).round().astype(np.int64)) - 1
    chosen = [np.partition(different, ranks)[ranks], different.max()[None]]
    if same.size:
        from_far = np.unique(np.geomspace(1, len(same), _SAME // 2).round().astype(np.int64))
        even = np.linspace(0, len(same) - 1, _SAME - _SAME // 2).round().astype(np.int64)
        places = np.unique(np.concatenate([len(same) - from_far, even]))
        chosen.append(np.sort(same)[places])
    return np.unique(np.concatenate(chosen))


class _Counts(NamedTuple):
    """Pairs up to each threshold: their weights in every draw, and what chance adds for each pair of people.

    `squares` sums, over pairs of people, the squared number of their pairs up to a threshold, `products` that
    number times the number of all their pairs, which `total` sums squared.
    """

    different: Float64[np.ndarray, "k b"]
    same: Float64[np.ndarray, "k b"]
    squares: Float64[np.ndarray, " k"]
    products: Float64[np.ndarray, " k"]
    total: float


def _count(
    pairs: Pairs,
    thresholds: Float32[np.ndarray, " k"],
    weights: Float32[np.ndarray, "b p"],
) -> _Counts:
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
    return _Counts(*sums, total)


def _variance(
    counts: _Counts, value: Float64[np.ndarray, " k"], drawn: Float64[np.ndarray, "k b"], number: int
) -> Float64[np.ndarray, " k"]:
    """Variance of the rate of false alarms.

    The bootstrap has what is due to people once, but what is due to chance within a pair of two people three
    times: twice since either of them may be drawn, and once more since both may. Without the surplus, it is
    the estimate of P. Aronow, C. Samii and V. Assenova, "Cluster-Robust Variance Estimation for Dyadic Data",
    Political Analysis 23, 2015.
    """
    chance = (counts.squares - 2 * value * counts.products + value**2 * counts.total) / number**2
    return np.asarray(np.maximum(drawn.var(axis=1, ddof=1) - 2 * chance, chance))


def _shares(
    counts: Float64[np.ndarray, "k b"],
    distances: Float32[np.ndarray, " n"],
    thresholds: Float32[np.ndarray, " k"],
) -> Float64[np.ndarray, "k b"]:
    """Of all pairs of a draw; a draw that has none is as the people are."""
    shares = counts / np.maximum(counts[-1], 1e-9)
    lost = counts[-1] < 1e-9
    shares[:, lost] = _share_below(distances, thresholds)[:, None]
    return np.asarray(shares)


def _share_below(
    distances: Float32[np.ndarray, " n"], thresholds: Float32[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"]:
    counts = np.bincount(np.searchsorted(thresholds, distances), minlength=len(thresholds))
    return np.asarray(counts.cumsum() / len(distances))


def _people(pairs: Pairs, kept: Bool[np.ndarray, "q g"]) -> int:
    """How many people take part in these pairs, of those who are ever a query."""
    queries, tracklets = kept.any(axis=1), kept.any(axis=0)
    people = np.union1d(pairs.query_people[queries], pairs.gallery_people[tracklets])
    return int((people <= pairs.query_people.max()).sum())


def _limits(value: Float64[np.ndarray, " k"], variance: Float64[np.ndarray, " k"], people: int) -> Rates:
    """Wilson's interval for as many independent pairs as would vary as much as the bootstrap does.

    Percentiles of the bootstrap would be useless at rates near 0 and 1, where promises are made: a pair that
    nobody has seen is in no draw. Where nothing varies, there are as many independent pairs as people.
    """
    enough = variance > 1e-15
    number = np.where(enough, value * (1 - value) / np.where(enough, variance, 1), people)
    number = np.maximum(number, 1)
    square = _NORMAL**2 / number
    middle = (value + square / 2) / (1 + square)
    half = _NORMAL / (1 + square) * np.sqrt(value * (1 - value) / number + square / (4 * number))
    low, high = np.minimum(middle - half, value).clip(0), np.maximum(middle + half, value).clip(max=1)
    # A rate never falls on one side of a threshold, so a limit holds on all of that side.
    if value[0] > value[-1]:
        return Rates(value, np.maximum.accumulate(low[::-1])[::-1], np.minimum.accumulate(high))
    return Rates(value, np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1])


def percentiles(value: float, drawn: Float[np.ndarray, " b"]) -> Interval:
    """A value with the middle 95 % of what the draws have."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(float(low), value), max(float(high), value))
