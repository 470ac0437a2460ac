"""What is said of the verdicts of a calibration."""

from reid_cosam.galleries.promises import in_words
from tests.support.galleries import calibration_of


def test_the_promise_has_its_rates_distances_and_people() -> None:
    words = in_words(calibration_of(), 0.01, 5)
    assert "same (up to 2 among 5 tracklets)" in words
    assert "at most 1 % of searches" in words
    assert "not here (above 3): at most 5 %" in words
    assert "160 people of somewhere" in words


def test_a_promise_that_takes_more_people_is_not_made() -> None:
    curve = calibration_of().false_alarms.model_copy(update={"high": (0.02, 0.02, 0.1, 0.5, 1.0)})
    few = calibration_of().model_copy(update={"false_alarms": curve})
    words = in_words(few, 0.01, 5)
    # A pair may have the rate 1 - 0.99 ** (1 / 5) = 0.002; 0.02 is measurable with 160 people, √10 times more
    # of them are needed.
    assert "nobody is called same" in words
    assert "about 505 people" in words
    assert "at most 1 %" not in words
    nobody = few.model_copy(update={"misses": None})
    assert "nobody is called not here" in in_words(nobody, 0.01, 5)
    assert few.verdicts([0.0, 9.0], 5) == ["uncertain", "not here"]
    assert nobody.verdicts([0.0, 9.0], 5) == ["uncertain", "uncertain"]


def test_footage_without_names_has_tracks_and_pairs_within_cameras() -> None:
    named = calibration_of()
    curve = named.false_alarms.model_copy(update={"high": (0.02, 0.02, 0.1, 0.5, 1.0)})
    changes = {"source": named.source | {"labelled": False}, "false_alarms": curve}
    words = in_words(named.model_copy(update=changes), 0.01, 5)
    assert "about 505 tracks" in words
    assert "160 tracks of somewhere" in words
    assert "within one camera" in words
    assert "own camera" not in words
