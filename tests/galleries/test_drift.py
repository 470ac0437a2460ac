"""Footage like that of the calibration raises no warning; footage unlike it does."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.drift import _largest_difference, drift, within_cameras
from reid_cosam.galleries.estimation import Measurement, calibrate_gallery
from tests.galleries.people import codes, made_up


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    gallery = made_up(50, seed=1)
    return calibrate_gallery(gallery, gallery.tracklets["person"], "shop", Measurement(draws=10))


def test_the_difference_is_that_of_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, 40).astype(float), rng.normal(5, 2, 70)
    assert _largest_difference(one, other) == pytest.approx(ks_2samp(one, other).statistic)


def test_other_people_under_the_same_cameras_are_alike(calibration: Calibration) -> None:
    warned = [drift(calibration, made_up(number, seed)) for number in (5, 50) for seed in range(50, 55)]
    assert sum(one is not None for one in warned) <= 1


@pytest.mark.parametrize("change", [{"scale": 0.6}, {"scale": 1.6}, {"noise": 1.2}])
def test_footage_unlike_the_calibration_is_warned_of(
    calibration: Calibration, change: dict[str, float]
) -> None:
    warning = drift(calibration, made_up(40, seed=60, **change))  # type: ignore[arg-type]
    assert warning is not None
    assert "shop" in warning
    assert "labels=none" in warning


def test_a_camera_that_differs_makes_room_for_others() -> None:
    gallery = made_up(30, seed=3)
    cameras, people = gallery.tracklets["camera"].to_numpy(), codes(gallery, "person")
    changed = gallery.descriptors.clone()
    changed[cameras == "cam2"] *= 0.5
    alike, apart = (
        within_cameras(one, cameras, people, "euclidean") for one in (gallery.descriptors, changed)
    )
    assert alike is not None
    assert apart is not None
    assert alike.between_cameras < 0.3
    assert apart.between_cameras > 0.7


def test_a_gallery_of_another_network_is_refused(calibration: Calibration) -> None:
    with pytest.raises(ValueError, match="other"):
        drift(calibration.model_copy(update={"network": "other"}), made_up(5, seed=1))


def test_too_little_footage_says_nothing(calibration: Calibration) -> None:
    gallery = made_up(1, seed=1, scale=0.1)
    assert drift(calibration, gallery) is None
    assert (
        within_cameras(
            gallery.descriptors, gallery.tracklets["camera"].to_numpy(), codes(gallery, "person"), "euclidean"
        )
        is None
    )
