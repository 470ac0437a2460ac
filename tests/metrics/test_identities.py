"""Identity scores against all assignments and all pairs, and by hand."""

from itertools import combinations, permutations

import numpy as np
import pytest

from reid_cosam.metrics.identities import identity_scores


def slow_scores(identities: list[int], people: list[int]) -> tuple[float, float, float, float]:
    found, truth = sorted(set(identities)), sorted(set(people))
    longer, shorter = (found, truth) if len(found) >= len(truth) else (truth, found)
    matched = 0
    for chosen in permutations(longer, len(shorter)):
        both = {*zip(chosen, shorter, strict=True)}
        both = both if longer is found else {(one, other) for other, one in both}
        matched = max(matched, sum(pair in both for pair in zip(identities, people, strict=True)))
    pairs = [*combinations(range(len(people)), 2)]
    linked = {pair for pair in pairs if identities[pair[0]] == identities[pair[1]]}
    same = {pair for pair in pairs if people[pair[0]] == people[pair[1]]}
    precision = len(linked & same) / len(linked) if linked else 1.0
    recall = len(linked & same) / len(same) if same else 1.0
    f1 = 2 * len(linked & same) / (len(linked) + len(same)) if linked or same else 1.0
    return matched / len(people), precision, recall, f1


def test_they_are_those_of_all_assignments_and_all_pairs() -> None:
    random = np.random.default_rng(0)
    for _ in range(30):
        count = int(random.integers(1, 12))
        identities, people = random.integers(1, 6, (2, count))
        found = identity_scores(identities, people)
        assert found == pytest.approx(slow_scores(identities.tolist(), people.tolist()))


def test_a_person_in_two_identities_by_hand() -> None:
    """Person 7 is in two identities, one of which has a tracklet of person 8."""
    found = identity_scores(np.array([1, 1, 1, 2]), np.array([7, 7, 8, 7]))
    # Identity 1 is person 7 (2 tracklets); 8 and the rest of 7 are lost. Pairs: 1 of 3 linked, 1 of 3 same.
    assert found == pytest.approx((0.5, 1 / 3, 1 / 3, 1 / 3))


def test_no_tracklets_have_no_scores() -> None:
    with pytest.raises(ValueError, match="no tracklets"):
        identity_scores(np.array([], dtype=np.int64), np.array([], dtype=np.int64))
