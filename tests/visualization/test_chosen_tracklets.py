"""Which tracklets are looked at: by a part of their first frame's path, or by chance."""

from pathlib import Path

import pytest

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.visualization.chosen_tracklets import drawn, named

ROOT = Path("/data")
TRACKLETS = [
    Tracklet((f"/data/bbox_test/{pid:04d}/{pid:04d}C{cam}T0001F001.jpg",), pid, cam)
    for pid in range(1, 11)
    for cam in (1, 2)
]


@pytest.mark.parametrize("name", ["0003C2T0001", "3C2", "bbox_test/0003/0003C2T0001F001.jpg"])
def test_a_part_of_the_path_names_a_tracklet(name: str) -> None:
    (found,) = named(TRACKLETS, ROOT, [name])

    assert (found.pid, found.camid) == (3, 2)


def test_several_come_in_the_order_of_their_names() -> None:
    found = named(TRACKLETS, ROOT, ["0007C1", "0002C2"])

    assert [(one.pid, one.camid) for one in found] == [(7, 1), (2, 2)]


def test_only_the_path_below_the_root_counts() -> None:
    with pytest.raises(ValueError, match="tracklet=data occurs in no path"):
        named(TRACKLETS, ROOT, ["data"])


def test_an_ambiguous_name_shows_what_it_could_mean() -> None:
    both = r"0003C1T0001F001\.jpg, bbox_test/0003/0003C2T0001F001\.jpg: name one$"
    with pytest.raises(ValueError, match=f"tracklet=0003C occurs in .*{both}"):
        named(TRACKLETS, ROOT, ["0003C"])
    with pytest.raises(ValueError, match=r"tracklet=T0001 occurs in .* and 15 more: name one"):
        named(TRACKLETS, ROOT, ["T0001"])


def test_an_unknown_name_shows_how_names_look_and_where_they_are() -> None:
    with pytest.raises(ValueError, match=r"tracklet=0012C3 .* bbox_test/0001/.* and 15 more; queries\.csv"):
        named(TRACKLETS, ROOT, ["0012C3"])


def test_different_tracklets_are_drawn_in_the_order_of_the_data_set() -> None:
    found = drawn(TRACKLETS, None, 6, seed=0)

    places = [TRACKLETS.index(one) for one in found]
    assert len(set(places)) == 6
    assert places == sorted(places)


def test_the_seed_decides() -> None:
    assert drawn(TRACKLETS, None, 4, seed=0) == drawn(TRACKLETS, None, 4, seed=0)
    assert drawn(TRACKLETS, None, 4, seed=0) != drawn(TRACKLETS, None, 4, seed=1)


def test_of_a_few_people_there_may_be_fewer_than_asked_for() -> None:
    found = drawn(TRACKLETS, [4, 9], 100, seed=0)

    assert [(one.pid, one.camid) for one in found] == [(4, 1), (4, 2), (9, 1), (9, 2)]


def test_somebody_who_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"pid=12 has no tracklet in this part .*10 people, .* from 1 to 10"):
        drawn(TRACKLETS, [4, 12], 3, seed=0)
