"""Resampled people against samples written out pair by pair."""

import numpy as np

from reid_cosam.metrics.drawn_pairs import count_pairs, draw_people
from reid_cosam.metrics.openset import compare
from tests.metrics.test_bootstrap import people


def test_a_sample_has_as_many_people_and_follows_its_seed() -> None:
    drawn = draw_people(7, 50, seed=3)
    assert (drawn.sum(axis=1) == 7).all()
    assert np.array_equal(drawn, draw_people(7, 50, seed=3))
    assert not np.array_equal(drawn, draw_people(7, 50, seed=4))


def test_weighted_counts_are_those_of_pairs_written_out() -> None:
    """Two different people count as often as both draws multiplied, one person as often as it was drawn."""
    distances, labels = people(0, number=6)
    pairs, _ = compare(distances, labels, labels, same_set=True)
    thresholds = np.unique(pairs.distances[pairs.same | pairs.different])
    weights = draw_people(pairs.num_people, 3, seed=5)
    found = count_pairs(pairs, thresholds, weights)
    different, same = np.zeros((2, len(thresholds), 3))
    numbers: dict[tuple[int, int], list[float]] = {}
    for i, j in zip(*np.nonzero(pairs.same | pairs.different), strict=True):
        up = (thresholds >= pairs.distances[i, j])[:, None]
        p, q = pairs.query_people[i], pairs.gallery_people[j]
        if pairs.same[i, j]:
            same += up * weights[:, p]
        else:
            different += up * (weights[:, p] * weights[:, q])
            numbers.setdefault((p, q), []).append(float(pairs.distances[i, j]))
    np.testing.assert_allclose(found.different, different)
    np.testing.assert_allclose(found.same, same)
    for k, threshold in enumerate(thresholds):
        counts = [(sum(one <= threshold for one in ones), len(ones)) for ones in numbers.values()]
        assert found.squares[k] == sum(below**2 for below, _ in counts)
        assert found.products[k] == sum(below * size for below, size in counts)
    assert found.total == sum(len(ones) ** 2 for ones in numbers.values())
