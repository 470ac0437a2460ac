"""The seeded split of people, and the choice of queries, against a plain reading of their rules."""

import numpy as np
import pytest

from reid_cosam.data.own_split import queries_and_gallery, trained_people
from reid_cosam.data.tracklet import Tracklet


def tracklet(pid: int, camid: int, number: int) -> Tracklet:
    return Tracklet((f"{pid}-{camid}-{number}.jpg",), pid, camid)


@pytest.mark.parametrize(("people", "trained"), [(2, 1), (5, 3), (10, 5)])
def test_half_of_the_people_rounded_up_are_trained_on(people: int, trained: int) -> None:
    for split in range(10):
        order = np.random.default_rng(split).permutation(np.arange(1, people + 1))

        assert trained_people(range(people, 0, -1), split) == set(order[:trained].tolist())


def test_splits_differ() -> None:
    assert len({trained_people(range(20), split) for split in range(10)}) == 10


@pytest.mark.parametrize("split", [0, 1, 2])
def test_one_camera_of_each_person_stays_whole_in_the_gallery(split: int) -> None:
    tested = [tracklet(pid, camid, number) for pid in (3, 8, 9) for camid in (1, 2, 4) for number in (1, 2)]

    query, gallery = queries_and_gallery(tested, split)

    for pid in (3, 8, 9):
        drawn = np.random.default_rng([split, 1, pid]).choice([1, 2, 4])
        others = [camid for camid in (1, 2, 4) if camid != drawn]
        assert [one for one in query if one.pid == pid] == [tracklet(pid, camid, 1) for camid in others]
    assert sorted((*query, *gallery), key=tested.index) == tested
    assert list(gallery) == sorted(gallery, key=tested.index)


def test_who_has_one_camera_and_distractors_are_in_the_gallery() -> None:
    tested = [tracklet(5, 2, 1), tracklet(5, 2, 2), tracklet(0, 1, 1), tracklet(0, 2, 1)]

    assert queries_and_gallery(tested, 0) == ((), tuple(tested))


def test_other_people_do_not_change_a_person_s_queries() -> None:
    mine = [tracklet(7, camid, 1) for camid in (1, 2, 3)]
    alone, _ = queries_and_gallery(mine, 4)

    together, _ = queries_and_gallery([tracklet(2, 1, 1), tracklet(2, 2, 1), *mine], 4)

    assert tuple(one for one in together if one.pid == 7) == alone
