"""Rates of all pairs, and limits worked out by hand."""

import numpy as np
import pytest

from reid_cosam.metrics.bootstrap import OpenSet, open_set, percentiles
from reid_cosam.metrics.openset import Pairs, compare
from reid_cosam.metrics.rules import Labels


def people(seed: int, number: int = 12, spread: float = 0.5) -> tuple[np.ndarray, Labels]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(number, 4))
    pids, camids = np.repeat(np.arange(number), 4), np.tile([1, 1, 2, 3], number)
    rows = centres[pids] + spread * rng.normal(size=(len(pids), 4))
    distances = np.linalg.norm(rows[:, None] - rows, axis=2).astype(np.float32)
    return distances, Labels(pids, camids)


def scored(seed: int, number: int = 12, draws: int = 200) -> tuple[Pairs, OpenSet]:
    distances, labels = people(seed, number)
    pairs, searches = compare(distances, labels, labels, same_set=True)
    return pairs, open_set(pairs, searches, draws, seed=1)


def test_curves_hold_the_shares_of_all_pairs() -> None:
    pairs, found = scored(1)
    same, different = pairs.distances[pairs.same], pairs.distances[pairs.different]
    curves = found.curves
    assert curves.misses is not None
    for place in (0, 10, 50, len(curves.thresholds) - 1):
        threshold = curves.thresholds[place]
        assert curves.false_alarms.value[place] == pytest.approx((different <= threshold).mean())
        assert curves.misses.value[place] == pytest.approx((same > threshold).mean())
    for rates in (curves.false_alarms, curves.misses):
        assert (rates.low <= rates.value).all()
        assert (rates.value <= rates.high).all()
    assert different.min() in curves.thresholds.astype(np.float32)
    assert (found.people, found.same_pairs, found.different_pairs) == (12, len(same), len(different))


def test_limits_of_independent_pairs_are_wilsons() -> None:
    """20 pairs that share nobody, one of them near: Wilson's interval of 1 in 20 is 0.9 to 23.6 %."""
    size = 20
    distances = np.full((size, size), 2, np.float32)
    distances[0, 0] = 1
    different = np.eye(size, dtype=bool)
    rows = np.arange(size)
    pairs = Pairs(distances, np.zeros_like(different), different, rows, rows + size, 2 * size)
    found = open_set(pairs, draws=4000).curves.false_alarms
    assert found.value[0] == pytest.approx(1 / size)
    assert (found.low[0], found.high[0]) == pytest.approx((0.0089, 0.2361), rel=0.2)


def test_a_person_whom_many_resemble_widens_the_limits() -> None:
    """As many near pairs, but all of one person: they count as few."""
    size = 30
    different = ~np.eye(size, dtype=bool) & (np.arange(size)[:, None] < np.arange(size))
    rows = np.arange(size)
    spread, gathered = (np.full((size, size), 2, np.float32) for _ in range(2))
    spread[rows[:-1], rows[1:]] = 1
    gathered[0, 1:] = 1
    highs = []
    for distances in (spread, gathered):
        pairs = Pairs(distances, np.zeros_like(different), different, rows, rows, size)
        found = open_set(pairs, draws=1000).curves.false_alarms
        assert found.value[0] == pytest.approx(29 / 435)
        highs.append(found.high[0])
    assert highs[0] < 0.12 < 0.15 < highs[1]


def test_errors_that_nobody_made_are_not_ruled_out() -> None:
    """12 people without a miss: Wilson's upper end for 0 of 12 is 24.2 %."""
    distances, labels = people(2, spread=0.0)
    pairs, _ = compare(distances, labels, labels, same_set=True)
    misses = open_set(pairs, draws=100).curves.misses
    assert misses is not None
    assert misses.value[-1] == 0
    assert misses.high[-1] == pytest.approx(0.2425, abs=1e-3)


def test_intervals_hold_the_value_and_narrow_with_people() -> None:
    widths = []
    for number in (12, 60):
        _, found = scored(4, number)
        assert found.equal_error_rate is not None
        value, low, high = found.equal_error_rate
        assert low <= value <= high
        widths.append(high - low)
    assert widths[1] < widths[0]
    assert found.true_positive_rates[1e-4] is None
    assert found.identification_rates[0.1] is not None


def test_intervals_cover_what_many_people_have() -> None:
    """Of 20 sets of 25 people, nearly all have the EER of many people in their interval."""
    truth = scored(99, 150, draws=2)[1].equal_error_rate
    assert truth is not None
    found = [scored(seed, 25, draws=150)[1].equal_error_rate for seed in range(20)]
    covered = [one is not None and one.low <= truth.value <= one.high for one in found]
    assert sum(covered) >= 16


def test_percentiles_of_a_hundred_draws() -> None:
    assert percentiles(0.5, np.arange(101.0) / 100, 9) == pytest.approx((0.5, 0.025, 0.975))


def test_a_score_that_never_varies_is_not_certain() -> None:
    """Wilson's interval of 0 of 10 ends at 1.96² / (10 + 1.96²)."""
    assert percentiles(0.0, np.zeros(5), 10) == pytest.approx((0, 0, 0.2775), abs=1e-4)


def test_without_different_pairs_there_is_nothing_to_score() -> None:
    one = np.zeros((1, 1), bool)
    pairs = Pairs(np.zeros((1, 1), np.float32), ~one, one, np.zeros(1, int), np.zeros(1, int), 1)
    with pytest.raises(ValueError, match="different people"):
        open_set(pairs)
