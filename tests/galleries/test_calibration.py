"""Thresholds and verdicts of curves worked out by hand, and calibrations on disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reid_cosam.galleries.calibration import Calibration, distances, pair_rate
from reid_cosam.galleries.measurements import OpenSetScores, RateCurve

GRID = (1.0, 2.0, 3.0, 4.0, 5.0)


def calibration(**changes: Any) -> Calibration:
    """False alarms begin at distance 2, misses end at 4."""
    values: dict[str, Any] = {
        "network": "abc",
        "distance": "euclidean",
        "source": {"name": "hall", "labelled": True, "people": 60, "tracklets": 300, "cameras": ["1", "2"]},
        "false_alarms": RateCurve(
            thresholds=GRID,
            value=(0, 0.001, 0.01, 0.1, 1),
            low=(0, 0, 0.005, 0.08, 1),
            high=(0.004, 0.004, 0.02, 0.12, 1),
        ),
        "misses": RateCurve(
            thresholds=GRID,
            value=(0.5, 0.1, 0.02, 0, 0),
            low=(0.4, 0.05, 0, 0, 0),
            high=(0.6, 0.15, 0.04, 0.03, 0.03),
        ),
        "scores": OpenSetScores(
            people=60, same_pairs=500, different_pairs=9000, eer=None, tpr_at_fpr={}, dir_at_far={}
        ),
        "camera_pairs": {},
        "within_cameras": None,
    }
    return Calibration(**values | changes)


def test_the_threshold_is_where_the_upper_limit_keeps_the_promise() -> None:
    """With one tracklet in the gallery, the rate of a search is that of a pair."""
    found = calibration()
    assert found.threshold(0.02, 1) == 3
    assert found.threshold(0.0199, 1) == 2
    assert found.threshold(0.5, 1) == 4
    assert found.measurable(0.004, 1)


def test_larger_galleries_need_smaller_rates_of_pairs() -> None:
    """1 - (1 - 0.04)^(1/2) = 0.0202 for two tracklets."""
    assert pair_rate(0.04, 2) == pytest.approx(0.020204, rel=1e-4)
    assert calibration().threshold(0.04, 2) == 3
    assert calibration().threshold(0.04, 3) == 2


def test_a_rate_that_was_not_measured_is_not_extrapolated() -> None:
    """The threshold lets in no measured false alarm: the nearest of them is at 2."""
    found = calibration()
    assert not found.measurable(0.0039, 1)
    assert found.threshold(1e-6, 1) == pytest.approx(2)
    assert found.threshold(1e-6, 1) < 2
    assert found.people_needed(0.001, 1) == 120, "a quarter of the rate needs four times the pairs"
    assert found.people_needed(0.01, 1) == 60


def test_rates_at_a_threshold() -> None:
    found = calibration()
    assert found.misses is not None
    assert found.misses.at(3.0).value == pytest.approx(0.02)
    assert found.misses.at(2.5).value == pytest.approx(0.06)
    alarms = found.false_alarm_rate(3.0, 2)
    assert (alarms.value, alarms.high) == pytest.approx((1 - 0.99**2, 1 - 0.98**2))
    assert found.false_alarm_rate(2.5, 1).high == pytest.approx(0.02), "the limit of the worse threshold"
    assert found.false_alarm_rate(7.0, 1).value == 1
    assert (found.misses.at(0.5).value, found.misses.at(9.0).value) == (0.5, 0)


def test_who_is_missed_at_most_so_often() -> None:
    found = calibration()
    assert (found.not_here(0.15), found.not_here(0.04), found.not_here(0.03)) == (2, 3, 4)
    assert found.miss_measurable(0.03)
    assert not found.miss_measurable(0.02)
    assert found.not_here(0.02) == 4, "the farthest pair of one person that was measured"


def test_verdicts() -> None:
    found = calibration()
    assert found.verdicts([1.0, 2.0, 2.1, 3.0, 3.1], 1, far=0.01, miss=0.04) == [
        *("same", "same", "uncertain", "uncertain", "not here")
    ]


def test_no_verdict_is_given_whose_promise_cannot_be_kept() -> None:
    """A false alarm rate below 0.004 and a miss rate below 0.03 were not measurable."""
    found, apart = calibration(), [1.0, 2.0, 9.0]
    assert found.verdicts(apart, 1, far=0.0039, miss=0.03) == ["uncertain", "uncertain", "not here"]
    assert found.verdicts(apart, 1, far=0.004, miss=0.029) == ["same", "same", "uncertain"]
    assert found.verdicts(apart, 100, far=0.01, miss=0.029) == ["uncertain"] * 3


def test_without_pairs_of_one_person_nobody_is_called_not_here() -> None:
    found = calibration(misses=None)
    assert found.verdicts([1.0, 99.0], 1) == ["same", "uncertain"]
    assert found.misses is None
    assert not found.miss_measurable(0.5)


@pytest.mark.parametrize(
    ("far", "size", "named"), [(0.0, 5, "far=0"), (1.5, 5, "far=1.5"), (0.1, 0, "0 tracklets")]
)
def test_promises_that_make_no_sense_are_refused(far: float, size: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        calibration().threshold(far, size)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    calibration().write(path)
    assert Calibration.read(path) == calibration()


def test_a_missing_calibration_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"calibrate writes one"):
        Calibration.read(tmp_path / "calibration.json")


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"sha256": "x"}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"calibration\.json"):
        Calibration.read(path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"distance": "manhattan"}, "distance"),
        ({"network": None}, "network"),
        ({"source": {"name": "hall"}}, "source.*labelled"),
        ({"more": 1}, "more"),
    ],
)
def test_content_that_is_no_calibration_is_named(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(calibration().model_dump(mode="json") | change))
    with pytest.raises(ValueError, match=rf"calibration\.json.*{named}"):
        Calibration.read(path)


@pytest.mark.parametrize(
    ("curve", "named"),
    [
        ({"thresholds": (1, 1, 3, 4, 5)}, "do not rise"),
        ({"value": (0, 0.1)}, "2 rates at 5"),
        ({"value": (0, 0.2, 0.1, 0.5, 1)}, "turns back"),
        ({"high": (0, 0, 0, 0, 1.5)}, "less than or equal to 1"),
        ({"value": (0, 0, 0, 0, 0)}, "0 at every"),
    ],
)
def test_curves_that_cannot_be_are_refused(curve: dict[str, Any], named: str) -> None:
    whole = calibration().false_alarms.model_dump()
    with pytest.raises(ValueError, match=named):
        RateCurve(**whole | curve)


def test_another_network_is_refused() -> None:
    calibration().check_network("abc", "the gallery")
    with pytest.raises(ValueError, match=r"abc.*the gallery.*xyz"):
        calibration().check_network("xyz", "the gallery")


def test_distances_are_not_squared() -> None:
    one, other = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0], [6.0, 0.0]])
    np.testing.assert_allclose(distances(one, other, "euclidean"), [[5, 3]])
    np.testing.assert_allclose(distances(one, other, "cosine"), [[1, 0]], atol=1e-6)
