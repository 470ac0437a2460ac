"""Nearest tracklets, by hand."""

import numpy as np

from reid_cosam.galleries.page.matches import Match, nearest_matches
from reid_cosam.galleries.times import Constraints, TravelTime
from tests.support.galleries import two_people


def test_matches_are_the_nearest_inside_and_outside_of_the_identity() -> None:
    gallery = two_people()  # Anna at (0, 0) and (1, 0), Bob at (10, 0) and (10, 2), a stranger at (0, 4)
    constraints = Constraints(gallery.tracklets)

    found = nearest_matches(gallery.descriptors, np.array([1, 2, 3, 1, 2]), constraints, top=2)

    assert found[0] == ([Match(3, 1.0, 0)], [Match(2, 4.0, 0), Match(1, 10.0, 1)])
    assert found[2] == ([], [Match(0, 4.0, 0), Match(3, 17**0.5, 0)])
    assert found[4] == ([Match(1, 2.0, 0)], [Match(3, 85**0.5, 1), found[4][1][1]])
    assert found[4][1][1].distance == 104**0.5  # as far from two others


def test_pairs_that_travel_times_forbid_are_marked() -> None:
    gallery = two_people()
    constraints = Constraints(gallery.tracklets, {("cam1", "cam2"): TravelTime(5.0, 100.0)})

    found = nearest_matches(gallery.descriptors, np.array([1, 2, 3, 1, 2]), constraints, top=2)

    assert found[2][1] == [Match(0, 4.0, 0), Match(3, 17**0.5, 2)]  # 4 seconds after the stranger


def test_one_tracklet_has_no_matches() -> None:
    gallery = two_people()
    alone = gallery.tracklets[:1]

    assert nearest_matches(gallery.descriptors[:1], np.array([1]), Constraints(alone), top=5) == [([], [])]
