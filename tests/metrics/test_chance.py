"""The expectation of a random ranking, against all rankings of a small gallery."""

from itertools import permutations

import numpy as np
import pytest

from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.rules import Labels

QUERY = (np.array([1, 2]), np.array([1, 1]))
GALLERY = (np.array([1, 1, 2, 0, 1, 2]), np.array([1, 2, 2, 1, 3, 3]))


def test_equals_the_mean_over_every_ranking() -> None:
    rankings = [
        score(np.array([order, order], dtype=np.float64), *QUERY, *GALLERY)
        for order in permutations(range(6))
    ]

    chance = expected_by_chance(Labels(*QUERY), Labels(*GALLERY), ks=(1, 2, 5))

    assert chance.mean_ap == pytest.approx(np.mean([one.mean_ap for one in rankings]), abs=1e-12)
    for k in (1, 2, 5):
        assert chance.ranks[k] == pytest.approx(np.mean([one.rank(k) for one in rankings]), abs=1e-12)


def test_a_protocol_removes_entries_from_every_ranking() -> None:
    clothes = {"query_clothes": np.array([1, 1]), "gallery_clothes": np.array([1, 1, 2, 1, 2, 1])}
    rankings = [
        score(np.array([order, order], dtype=np.float64), *QUERY, *GALLERY, "clothes_changing", **clothes)
        for order in permutations(range(6))
    ]

    query, gallery = Labels(*QUERY, clothes["query_clothes"]), Labels(*GALLERY, clothes["gallery_clothes"])
    chance = expected_by_chance(query, gallery, (1, 5), "clothes_changing")

    assert chance.mean_ap == pytest.approx(np.mean([one.mean_ap for one in rankings]), abs=1e-12)
    for k in (1, 5):
        assert chance.ranks[k] == pytest.approx(np.mean([one.rank(k) for one in rankings]), abs=1e-12)


def test_queries_without_a_match_do_not_count() -> None:
    gallery = Labels(*GALLERY)
    alone = expected_by_chance(Labels(np.array([1]), np.array([1])), gallery, ks=(1,))
    beside = expected_by_chance(Labels(np.array([1, 9]), np.array([1, 1])), gallery, ks=(1,))

    assert alone == beside
