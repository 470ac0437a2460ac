"""What a plan cannot score is told before anything is described."""

import pytest

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.scoring import ScoringConfig, check


def tracklet(pid: int, camid: int) -> Tracklet:
    return Tracklet(("frame.jpg",), pid, camid)


def plan(*gallery: Tracklet, protocol: str = "released") -> ScoringConfig:
    parts = {"query": [tracklet(1, 1), tracklet(2, 1)], "gallery": list(gallery), "junk": []}
    return ScoringConfig(parts, (protocol,), "euclidean", None, None)


@pytest.mark.parametrize("gallery", [(), (tracklet(1, 1), tracklet(3, 2))])
def test_queries_without_any_match_are_refused(gallery: tuple[Tracklet, ...]) -> None:
    with pytest.raises(ValueError, match=r"^protocol with_queries: none of the 2 queries has a match"):
        check(plan(*gallery, protocol="with_queries"))


def test_one_match_is_enough() -> None:
    check(plan(tracklet(2, 2)))


def test_each_process_needs_a_tracklet() -> None:
    check(plan(tracklet(2, 2)), processes=3)

    with pytest.raises(ValueError, match=r"the 3 test tracklets do not suffice for 4 processes.*devices"):
        check(plan(tracklet(2, 2)), processes=4)
