"""Open-set scores worked out by hand, and against plain loops written from their definitions."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from reid_cosam.metrics.openset import (
    Pairs,
    Searches,
    compare,
    equal_error_rate,
    identification_rates,
    true_positive_rates,
    weighted_identification,
)
from reid_cosam.metrics.rules import Labels

Array = npt.NDArray[Any]


def random_case(seed: int, ties: bool = False) -> tuple[Array, Labels, Labels]:
    rng = np.random.default_rng(seed)
    distances = rng.integers(0, 9, (25, 60)) if ties else rng.random((25, 60))
    query = Labels(rng.integers(1, 7, 25), rng.integers(1, 4, 25))
    gallery = Labels(rng.integers(-1, 9, 60), rng.integers(1, 4, 60))
    near = query.pids[:, None] == gallery.pids
    return np.where(near, distances * 0.6, distances).astype(np.float32), query, gallery


def plain_pairs(distances: Array, query: Labels, gallery: Labels) -> tuple[list[float], list[float]]:
    same: list[float] = []
    different: list[float] = []
    for i, row in enumerate(distances.tolist()):
        for j, distance in enumerate(row):
            if gallery.pids[j] == -1 or query.camids[i] == gallery.camids[j]:
                continue
            (same if query.pids[i] == gallery.pids[j] else different).append(distance)
    return same, different


def plain_positive_rate(same: list[float], different: list[float], rate: float) -> float:
    """The best of all thresholds, tried one after another."""
    best = 0.0
    for threshold in [-1.0, *same, *different]:
        if sum(one <= threshold for one in different) <= rate * len(different):
            best = max(best, sum(one <= threshold for one in same) / len(same))
    return best


def plain_identification(distances: Array, query: Labels, gallery: Labels, rate: float) -> float:
    """Every query searches twice: with its person in the gallery, and without."""
    with_person, without = [], []
    for i, row in enumerate(distances.tolist()):
        ranked = [
            (row[j], bool(gallery.pids[j] == query.pids[i]))
            for j in range(len(row))
            if gallery.pids[j] != -1
            and not (gallery.pids[j] == query.pids[i] and gallery.camids[j] == query.camids[i])
        ]
        if any(right for _, right in ranked):
            with_person.append(min(ranked))  # of equal distances, the stranger's
            without.append(min(distance for distance, right in ranked if not right))
    best = 0.0
    for threshold in [-1.0, *without, *(distance for distance, _ in with_person)]:
        if sum(one <= threshold for one in without) <= rate * len(without):
            found = sum(right and distance <= threshold for distance, right in with_person)
            best = max(best, found / len(with_person))
    return best


def test_pairs_and_searches_of_three_tracklets() -> None:
    """A query of person 1 under camera 1. Of the gallery, its own camera counts for searches alone."""
    query = Labels(np.array([1]), np.array([1]))
    gallery = Labels(np.array([1, 1, 2, 3, -1]), np.array([1, 2, 1, 2, 2]))
    distances = np.array([[0.1, 0.5, 0.3, 0.8, 0.2]], np.float32)
    pairs, searches = compare(distances, query, gallery)
    assert distances[pairs.same].tolist() == pytest.approx([0.5])
    assert distances[pairs.different].tolist() == pytest.approx([0.8])
    assert (searches.match[0], searches.stranger[0]) == pytest.approx((0.5, 0.3))
    assert pairs.gallery_people.tolist()[:2] == [0, 0]
    assert len(set(pairs.gallery_people.tolist())) == 4, "each that is never a query counts by itself"


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_scores_of_pairs_agree_with_plain_loops(seed: int, ties: bool) -> None:
    case = random_case(seed, ties)
    pairs, _ = compare(*case)
    same, different = plain_pairs(*case)
    distances = pairs.distances
    assert sorted(distances[pairs.same].tolist()) == sorted(same)
    assert sorted(distances[pairs.different].tolist()) == sorted(different)
    rates = [0.5, 0.1, 0.05]
    found = true_positive_rates(distances[pairs.same], distances[pairs.different], rates)
    assert found == [plain_positive_rate(same, different, rate) for rate in rates]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_identification_agrees_with_plain_loops(seed: int, ties: bool) -> None:
    case = random_case(seed, ties)
    _, searches = compare(*case)
    rates = [0.1, 0.3, 0.6]
    expected = [plain_identification(*case, rate) for rate in rates]
    assert identification_rates(searches, rates) == expected


def test_the_equal_error_rate_lies_where_the_curves_cross() -> None:
    """FPR is 0, 1/2, 1 and missed are 1/2, 1/2, 0 after distances 1, 2, 3: equal at 1/2."""
    assert equal_error_rate(np.array([1.0, 3.0]), np.array([2.0, 2.9])) == pytest.approx(0.5)
    # After 1: 0 and 2/3; after 2: 1/4 and 1/3; after 3: 1/4 and 0, crossing on a level line.
    assert equal_error_rate(np.array([1.0, 2.0, 3.0]), np.array([1.5, 4, 5, 6])) == pytest.approx(1 / 4)


def test_people_who_are_apart_have_no_errors() -> None:
    same, different = np.array([1.0, 2.0]), np.arange(3.0, 203.0)
    assert equal_error_rate(same, different) == 0
    assert true_positive_rates(same, different, [0.1, 0.01]) == [1.0, None]


def test_a_rate_is_measured_only_where_enough_false_alarms_are_expected() -> None:
    same, different = np.array([0.5]), np.arange(1000.0)
    assert true_positive_rates(same, different, [0.01, 0.00999]) == [1.0, None]
    few = Searches(np.zeros(9, np.float32), np.ones(9, np.float32), np.arange(9))
    assert identification_rates(few, [0.1, 0.2]) == [None, 1.0]


def test_each_pair_of_one_set_is_taken_once() -> None:
    labels = Labels(np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2]))
    pairs, _ = compare(np.zeros((4, 4), np.float32), labels, labels, same_set=True)
    assert (pairs.same.sum(), pairs.different.sum()) == (2, 2)
    assert not (pairs.different & pairs.different.T).any()


def test_a_weight_counts_a_person_as_often() -> None:
    """Person 0 is drawn twice: the same as two queries alike."""
    one = Searches(*(np.array([1, 5, 2], np.float32), np.array([4, 3, 9], np.float32), np.array([0, 1, 2])))
    two = Searches(*(np.array([1, 1, 2], np.float32), np.array([4, 4, 9], np.float32), np.array([0, 0, 2])))
    weights = np.array([[2.0, 0.0, 1.0]])
    for rate in (0.1, 0.4, 0.7):
        (found,), (expected,) = (
            weighted_identification(one, [rate], weights),
            weighted_identification(two, [rate], None),
        )
        assert found == pytest.approx(expected)


def test_pairs_of_some_rows_and_columns() -> None:
    case = random_case(3)
    pairs, _ = compare(*case)
    rows, columns = case[1].camids == 1, case[2].camids == 2
    part = pairs.at(rows, columns)
    assert isinstance(part, Pairs)
    assert np.array_equal(part.distances, case[0][rows][:, columns])
    assert np.array_equal(part.same, pairs.same[rows][:, columns])
    assert np.array_equal(part.gallery_people, pairs.gallery_people[columns])
