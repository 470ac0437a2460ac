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

from reid_cosam.metrics.drawn_pairs import count_pairs, draw_people, drawn_shares, share_below, variance
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
    counts = count_pairs(pairs, thresholds, weights)
    false, rate = drawn_shares(counts.different, different, thresholds), share_below(different, thresholds)
    people = _people(pairs, pairs.different | pairs.same)
    false_alarms = _limits(rate, variance(counts, rate, false, len(different)), people)
    misses, error, positive = None, None, {}
    if same.size:
        missed = 1 - drawn_shares(counts.same, same, thresholds)
        varied, with_pairs = missed.var(axis=1, ddof=1), _people(pairs, pairs.same)
        misses = _limits(1 - share_below(same, thresholds), varied, with_pairs)
        error = percentiles(equal_error_rate(same, different), crossing(false, missed), people)
        exact = true_positive_rates(same, different, FALSE_POSITIVE_RATES)
        positive = {
            rate: None if value is None else percentiles(value, _at_rate(false, 1 - missed, rate), people)
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
        rate: None if value is None else percentiles(value, found, len(np.unique(searches.people)))
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
    from_near = np.geomspace(1, len(different), _DIFFERENT - 50)
    ranks = np.concatenate([from_near, len(different) + 1 - np.geomspace(1, len(different), 50)])
    ranks = np.unique(ranks.round().astype(np.int64)) - 1
    chosen = [np.partition(different, ranks)[ranks]]
    if same.size:
        from_far = np.unique(np.geomspace(1, len(same), _SAME // 2).round().astype(np.int64))
        even = np.linspace(0, len(same) - 1, _SAME - _SAME // 2).round().astype(np.int64)
        places = np.unique(np.concatenate([len(same) - from_far, even]))
        chosen.append(np.sort(same)[places])
    return np.unique(np.concatenate(chosen))


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
    low, high = _wilson(value, np.maximum(number, 1))
    # A rate never falls on one side of a threshold, so a limit holds on all of that side.
    if value[0] > value[-1]:
        return Rates(value, np.maximum.accumulate(low[::-1])[::-1], np.minimum.accumulate(high))
    return Rates(value, np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1])


def _wilson(
    value: Float64[np.ndarray, " k"], number: Float64[np.ndarray, " k"]
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """The ends of Wilson's interval of rates among so many independent cases."""
    square = _NORMAL**2 / number
    middle = (value + square / 2) / (1 + square)
    half = _NORMAL / (1 + square) * np.sqrt(value * (1 - value) / number + square / (4 * number))
    return np.minimum(middle - half, value).clip(0), np.maximum(middle + half, value).clip(max=1)


def percentiles(value: float, drawn: Float[np.ndarray, " b"], people: int) -> Interval:
    """A value with the middle 95 % of what the draws have; Wilson's interval where they all have the same."""
    if np.ptp(drawn) < 1e-12:
        low, high = _wilson(np.array([value]), np.array([float(people)]))
        return Interval(value, float(low[0]), float(high[0]))
    ends = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(float(ends[0]), value), max(float(ends[1]), value))
