"""Linked galleries: the threshold, verdicts, and scores."""

from dataclasses import replace

import pytest

from reid_cosam.galleries.linked import link_gallery
from reid_cosam.galleries.times import TravelTime
from tests.support.galleries import calibration_of, gallery_of, two_people


def test_a_calibrated_gallery_is_linked_at_its_threshold() -> None:
    """No different pair is up to 2; no pair of one person beyond 3. The stranger is 4 from Anna."""
    linked = link_gallery(two_people(), calibration_of())
    assert linked.table["identity"].tolist() == [1, 2, 3, 1, 2]
    assert linked.table["verdict"].tolist() == ["linked", "linked", "alone", "linked", "linked"]
    assert set(linked.table["why"]) == {""}
    assert linked.table["tracklets"].tolist() == [2, 2, 1, 2, 2]
    assert linked.table["own_distance"].fillna(-1).tolist() == [1, 2, -1, 1, 2]
    stranger = linked.table.loc[2]
    assert stranger["nearest_identity"] == 1
    assert stranger["nearest_distance"] == pytest.approx((4 + 17**0.5) / 2)
    summary = linked.summary
    assert (summary["threshold"], summary["uncertain_up_to"]) == (2, 3)
    assert (summary["identities"], summary["one_tracklet"], summary["impossible"]["same_time"]) == (3, 1, 2)
    assert summary["verdicts"] == {"linked": 4, "alone": 1, "uncertain": 0}
    assert summary["scores"] == {
        **{"idf1": 1, "precision": 1, "recall": 1, "f1": 1},
        **{"tracklets": 4, "people": 2},
    }


def test_what_lies_between_the_thresholds_is_uncertain() -> None:
    rows = [("a", "1", "", 0, 1, (0.0,)), ("b", "1", "", 5, 6, (2.5,)), ("c", "1", "", 9, 10, (9.0,))]
    linked = link_gallery(gallery_of(rows), calibration_of())
    assert linked.table["identity"].tolist() == [1, 2, 3]
    assert linked.table["verdict"].tolist() == ["uncertain", "uncertain", "alone"]
    assert linked.table["why"].tolist() == ["another identity is near"] * 2 + [""]
    assert linked.summary["scores"] is None


def test_a_tracklet_that_fits_two_identities_is_uncertain() -> None:
    """Two tracks of one camera at one time lie as near to the third, which can be only one of them."""
    rows = [("a", "1", "", 0, 1, (-1.0,)), ("a", "2", "", 0, 1, (1.0,)), ("b", "1", "", 5, 6, (0.0,))]
    linked = link_gallery(gallery_of(rows), threshold=1.5)
    assert linked.summary["identities"] == 2
    assert linked.table["verdict"].tolist() == ["linked", "alone", "uncertain"]
    assert linked.table["why"][2] == "another identity is within the threshold"
    assert linked.table["nearest_identity"].isna().tolist() == [True, True, False]


def test_identities_of_one_camera_are_uncertain_where_the_calibration_does_not_cover_them() -> None:
    """One person twice in each of two cameras, another one twice in the first, where a third was once."""
    places = [("a", 0), ("a", 0.5), ("b", 1), ("b", 1.5), ("a", 50), ("a", 51), ("a", 90)]
    gallery = gallery_of(
        [(camera, str(n), "", n * 9, n * 9 + 1, (x,)) for n, (camera, x) in enumerate(places)]
    )
    linked = link_gallery(gallery, calibration_of())
    assert linked.table["identity"].tolist() == [1, 1, 1, 1, 2, 2, 3]
    assert linked.table["verdict"].tolist() == ["linked"] * 4 + ["uncertain"] * 2 + ["alone"]
    assert linked.table["why"].tolist() == [""] * 4 + ["one camera only"] * 2 + [""]
    assert linked.summary["linked_pairs"] == {"all": 7, "of_one_camera": 3}
    assert not linked.summary["one_camera_covered"]

    of_times = calibration_of().model_copy(update={"source": {**calibration_of().source, "labelled": False}})
    for covered in (link_gallery(gallery, of_times), link_gallery(gallery, threshold=2.0)):
        assert covered.table["verdict"].tolist() == ["linked"] * 6 + ["alone"]
        assert covered.summary["one_camera_covered"]


def test_a_tracklet_far_from_its_own_is_uncertain() -> None:
    """Two pairs are joined, which are 1.8 apart on average; the first tracklet is farther from the others."""
    places = {"a": 0.0, "b": 1.0, "c": 2.2, "d": 2.4}
    rows = [(name, "1", "", 3 * n, 3 * n + 1, (x,)) for n, (name, x) in enumerate(places.items())]
    linked = link_gallery(gallery_of(rows), threshold=1.85)
    assert linked.table["identity"].tolist() == [1] * 4
    assert linked.table["own_distance"].tolist() == pytest.approx([5.6 / 3, 1.2, 1.2, 4 / 3])
    assert linked.table["why"].tolist() == ["farther from its own than the threshold", "", "", ""]
    assert linked.table["verdict"].tolist() == ["uncertain", "linked", "linked", "linked"]


def test_travel_times_keep_apart() -> None:
    rows = [("a", "1", "", 0, 1, (0.0,)), ("b", "1", "", 2, 3, (0.5,))]
    free = link_gallery(gallery_of(rows), threshold=1.0)
    bound = link_gallery(gallery_of(rows), threshold=1.0, travels={("a", "b"): TravelTime(5.0, 9.0)})
    assert (free.summary["identities"], bound.summary["identities"]) == (1, 2)
    assert bound.summary["impossible"] == {"same_time": 0, "travel_time": 1}
    assert bound.summary["travel_times"] == [["a", "b", 5, 9]]


def test_a_cosine_threshold_is_that_of_descriptors_at_unit_length() -> None:
    """At right angles the cosine distance is 1, the threshold 2: the opposite of a vector is at 2."""
    rows = [
        ("a", "1", "", 0, 1, (5.0, 0.0)),
        ("b", "1", "", 3, 4, (0.0, 0.1)),
        ("c", "1", "", 6, 7, (-0.1, 0.0)),
    ]
    linked = link_gallery(gallery_of(rows), calibration_of(distance="cosine"))
    assert linked.summary["threshold"] == 2  # √(2 · 2)
    assert linked.summary["identities"] == 1
    assert linked.table["own_distance"].tolist() == pytest.approx(
        [(2 + 2**0.5) / 2, 2**0.5, (2 + 2**0.5) / 2]
    )


def test_a_threshold_by_hand_is_of_the_networks_own_distance() -> None:
    gallery = gallery_of([("a", "1", "", 0, 1, (5.0, 0.0)), ("b", "1", "", 3, 4, (0.6, 0.8))])
    apart = 0.8**0.5  # of (1, 0) and (0.6, 0.8), which have unit length

    linked = link_gallery(replace(gallery, distance="cosine"), threshold=1.0)

    assert linked.table["own_distance"].tolist() == pytest.approx([apart, apart])
    assert link_gallery(gallery, threshold=1.0).summary["identities"] == 2


def test_a_promise_that_cannot_be_made_is_named() -> None:
    enough = link_gallery(two_people(), calibration_of(), far=0.1)
    assert "at most 0.1 tracklets of other people" in enough.summary["meaning"]
    curve = calibration_of().false_alarms.model_copy(update={"high": (0.2, 0.2, 0.2, 0.5, 1.0)})
    few = calibration_of().model_copy(update={"false_alarms": curve})
    assert (
        "far=0.1 could be promised with about" in link_gallery(two_people(), few, far=0.1).summary["meaning"]
    )


def test_nothing_to_link_and_no_threshold_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        link_gallery(gallery_of([]), threshold=1.0)
    with pytest.raises(ValueError, match=r"no calibration.*threshold="):
        link_gallery(two_people())
