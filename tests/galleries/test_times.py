"""Which tracklets exclude one another, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from reid_cosam.galleries.times import Constraints, TravelTime, read_travel_times
from tests.support.galleries import gallery_of

EVERYTHING = slice(None)


def pairs(found: np.ndarray) -> set[tuple[int, int]]:
    assert np.array_equal(found, found.T)
    return {(int(row), int(column)) for row, column in zip(*np.nonzero(found), strict=True) if row < column}


def test_tracks_of_one_camera_that_share_a_moment_are_two_people() -> None:
    times = [("a", (0, 2)), ("a", (1, 3)), ("a", (2, 4)), ("a", (5, 6)), ("b", (0, 9)), ("a", (5.5, 5.6))]
    rows = [(camera, str(number), "", span[0], span[1], (0,)) for number, (camera, span) in enumerate(times)]
    found = Constraints(gallery_of(rows).tracklets).same_time(EVERYTHING, EVERYTHING)
    assert pairs(found) == {(0, 1), (0, 2), (1, 2), (3, 5)}


def test_frames_stand_in_for_seconds_that_are_unknown() -> None:
    rows = [("a", str(number), "", 0.0, 1.0, (0,)) for number in range(5)]
    table = gallery_of(rows).tracklets
    table["start"] = [np.nan, np.nan, 50, np.nan, np.nan]
    table["end"] = [np.nan, np.nan, 51, np.nan, np.nan]
    table["first_frame"] = [1, 5, 8, None, 1]
    table["last_frame"] = [5, 7, 9, None, 9]
    table["source"] = ["a.mp4", "a.mp4", "a.mp4", "a.mp4", "later.mp4"]
    constraints = Constraints(table)
    assert pairs(constraints.same_time(EVERYTHING, EVERYTHING)) == {(0, 1)}
    assert constraints.untimed == 1
    assert constraints.count() == {"same_time": 1, "travel_time": 0}


def test_a_way_is_too_fast_or_too_slow() -> None:
    times = [
        ("a", (0, 1)),
        ("b", (5, 6)),
        ("b", (12, 13)),
        ("b", (30, 31)),
        ("a", (12.5, 14)),
        ("c", (0.5, 2)),
    ]
    rows = [(camera, str(number), "", span[0], span[1], (0,)) for number, (camera, span) in enumerate(times)]
    travels = {("a", "b"): TravelTime(5.0, 20.0), ("b", "a"): TravelTime(5.0, np.inf)}
    constraints = Constraints(gallery_of(rows).tracklets, travels)
    # From 0 it is 4, 11 and 29 seconds to the three of b; from 4, which 2 overlaps, it is 16 to the last.
    # From 1 to 4 it is 6.5, the way back.
    assert pairs(constraints.off_time(EVERYTHING, EVERYTHING)) == {(0, 1), (0, 3), (2, 4)}
    assert constraints.count() == {"same_time": 0, "travel_time": 3}
    part = constraints.impossible(slice(2, 4), np.array([4, 0]))
    assert part.tolist() == [[True, False], [False, True]]


def test_views_that_share_ground_have_a_least_time_of_0() -> None:
    rows = [("a", "1", "", 0.0, 4.0, (0,)), ("b", "1", "", 2.0, 6.0, (0,))]
    table = gallery_of(rows).tracklets
    for least, forbidden in ((0.0, set()), (0.1, {(0, 1)})):
        constraints = Constraints(table, {("a", "b"): TravelTime(least, 9.0)})
        assert pairs(constraints.off_time(EVERYTHING, EVERYTHING)) == forbidden


def test_travel_times_are_read(tmp_path: Path) -> None:
    path = tmp_path / "travel_times.csv"
    path.write_text("from,to,min_seconds,max_seconds\na,b,2,9.5\nb,a,0,\n")
    assert read_travel_times(path, {"a", "b", "c"}) == {
        ("a", "b"): TravelTime(2.0, 9.5),
        ("b", "a"): TravelTime(0.0, np.inf),
    }


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ("from,to,min_seconds\na,b,1", "lacks the column max_seconds"),
        (
            "from,to,min_seconds,max_seconds\na,b,1,2\nb,z,1,2",
            "line 3: the gallery has no camera z; it has a, b",
        ),
        ("from,to,min_seconds,max_seconds\na,b,-1,2", "line 2: seconds from -1 to 2"),
        ("from,to,min_seconds,max_seconds\na,b,3,2", "line 2: seconds from 3 to 2"),
        ("from,to,min_seconds,max_seconds\na,b,soon,2", "line 2: soon,2 are not seconds"),
        ("from,to,min_seconds,max_seconds\na,b,,2", "line 2: ,2 are not seconds"),
        ("from,to,min_seconds,max_seconds\na,b,nan,2", "line 2: seconds from nan to 2"),
        ("from,to,min_seconds,max_seconds\na,b,1,2\na,b,1,3", "line 3: a second line from a to b"),
        ("", "is empty"),
    ],
)
def test_travel_times_that_cannot_be_are_refused(tmp_path: Path, lines: str, named: str) -> None:
    path = tmp_path / "travel_times.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=f"{path}.*{named}"):
        read_travel_times(path, {"a", "b"})
