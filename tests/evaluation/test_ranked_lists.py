"""The nearest tracklets of a query, by a slow reference."""

import numpy as np
import torch

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.ranked_lists import Ranking

QUERIES, GALLERY, SHOWN = 12, 60, 8


def made_up() -> Ranking:
    """Four people, three cameras and junk; distances of seven values, so that many are equal."""
    random = np.random.default_rng(0)

    def tracklets(number: int, pids: range) -> list[Tracklet]:
        drawn = zip(random.choice(pids, number).tolist(), random.integers(1, 4, number).tolist(), strict=True)
        return [Tracklet(("0.jpg",), pid, camid) for pid, camid in drawn]

    queries, gallery = tracklets(QUERIES, range(4)), tracklets(GALLERY, range(-1, 4))
    distances = torch.from_numpy(random.integers(0, 7, (QUERIES, GALLERY)).astype(np.float32))
    return Ranking(queries, gallery, distances, np.zeros(QUERIES), "released")


def test_the_nearest_are_what_a_whole_sort_finds() -> None:
    ranking = made_up()

    for number, found in zip(range(QUERIES), ranking.nearest(range(QUERIES)), strict=True):
        query = ranking.queries[number]
        allowed = [
            place
            for place, one in enumerate(ranking.gallery)
            if one.pid != -1 and (one.pid, one.camid) != (query.pid, query.camid)
        ]
        expected = sorted(allowed, key=lambda place: (float(ranking.distances[number, place]), place))[:SHOWN]
        assert found.tolist() == expected


def test_a_short_gallery_is_shown_whole() -> None:
    gallery = [Tracklet(("0.jpg",), pid, 2) for pid in (3, 3, -1)]
    ranking = Ranking(
        [Tracklet(("0.jpg",), 3, 1)], gallery, torch.tensor([[2.0, 1.0, 0.0]]), np.zeros(1), "released"
    )

    assert [found.tolist() for found in ranking.nearest([0])] == [[1, 0]]
