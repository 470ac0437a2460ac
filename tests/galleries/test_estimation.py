"""Calibrations of made-up people, and whether their promises hold on others."""

import numpy as np
import pandas as pd
import pytest

from reid_cosam.galleries.calibration import Calibration, distances
from reid_cosam.galleries.estimation import (
    Measurement,
    calibrate_gallery,
    calibrate_test_set,
    calibrate_unlabelled,
)
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.times import Constraints
from reid_cosam.metrics.testset import TestSet
from tests.galleries.people import NETWORK, at_times, codes, made_up

QUICK = Measurement(draws=100)


def calibrated(gallery: Gallery, how: Measurement = QUICK) -> Calibration:
    return calibrate_gallery(gallery, gallery.tracklets["person"], "shop", how)


def test_a_gallery_with_names_is_calibrated() -> None:
    gallery = made_up(12, seed=1)
    found = calibrated(gallery)
    people, cameras = (codes(gallery, name) for name in ("person", "camera"))
    apart = distances(gallery.descriptors, gallery.descriptors, "euclidean")
    other_camera = np.triu(cameras[:, None] != cameras)
    same = apart[other_camera & (people[:, None] == people)]
    different = apart[other_camera & (people[:, None] != people)]
    assert (found.scores.same_pairs, found.scores.different_pairs) == (len(same), len(different))
    assert found.source["people"] == 12
    assert found.source["cameras"] == ["cam0", "cam1", "cam2", "cam3"]
    assert (found.network, found.distance) == (NETWORK, "euclidean")
    threshold = float(np.quantile(same, 0.8))
    assert found.misses is not None
    assert found.misses.at(threshold).value == pytest.approx((same > threshold).mean(), abs=0.02)
    assert len(found.camera_pairs) == 6
    pairs = sum(one.different_pairs for one in found.camera_pairs.values())
    assert pairs == len(different)


def test_tracklets_without_a_name_are_left_out() -> None:
    gallery = made_up(8, seed=2)
    persons = gallery.tracklets["person"].where(gallery.tracklets["person"] != "person 3", "")
    found = calibrate_gallery(gallery, persons, "shop", QUICK)
    assert found.source["people"] == 7
    assert found.source["tracklets"] == int((persons != "").sum())


def test_a_test_set_is_calibrated_as_a_gallery_of_its_tracklets_is() -> None:
    """Every tracklet queries all: each pair is then met from both sides."""
    gallery = made_up(8, seed=3)
    people, cameras = codes(gallery, "person"), codes(gallery, "camera")
    doubled = np.concatenate([np.arange(len(gallery))] * 2)
    test_set = TestSet(people[doubled], cameras[doubled], num_queries=len(gallery))
    how = QUICK._replace(distance="cosine")
    one = calibrate_test_set(gallery.descriptors[doubled], test_set, "released", NETWORK, "set", how)
    other = calibrated(gallery, how)
    assert one.scores.same_pairs == 2 * other.scores.same_pairs
    assert one.scores.eer is not None
    assert other.scores.eer is not None
    assert one.scores.eer.value == pytest.approx(other.scores.eer.value)
    assert {name: None if one is None else one.value for name, one in one.scores.dir_at_far.items()} == {
        name: None if one is None else one.value for name, one in other.scores.dir_at_far.items()
    }


@pytest.mark.parametrize(
    ("people", "cameras", "named", "message"),
    [
        (6, 1, True, "all tracklets with a person are of camera cam0"),
        (1, 4, True, "different people"),
        (6, 4, False, r"shop: no tracklet has a person.*labels=none"),
    ],
)
def test_too_little_to_calibrate_on_is_refused(people: int, cameras: int, named: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibrated(made_up(people, 4, cameras, named=named))


def test_nobody_who_is_seen_twice_is_refused() -> None:
    gallery = made_up(8, seed=5)
    persons = pd.Series([str(row) for row in range(len(gallery))])
    with pytest.raises(ValueError, match="one person"):
        calibrate_gallery(gallery, persons, "shop", QUICK)


def test_footage_without_names_gives_false_alarms_alone() -> None:
    gallery = made_up(20, seed=6, named=False)
    gallery = at_times(gallery, np.arange(len(gallery)) * 5.0, 12.0)
    found = calibrate_unlabelled(gallery, "street", QUICK)
    every = slice(None)
    overlapping = np.triu(Constraints(gallery.tracklets).same_time(every, every))
    assert found.scores.different_pairs == overlapping.sum()
    assert (found.misses, found.source["labelled"]) == (None, False)
    assert found.measurable(0.2, 1)
    assert found.verdicts([0.0, 1e9], 1, far=0.2) == ["same", "uncertain"]
    apart = distances(gallery.descriptors, gallery.descriptors, "euclidean")[overlapping]
    assert found.threshold(1e-9, 1) < apart.min()


def test_misses_come_from_the_calibration_that_the_model_has() -> None:
    named = calibrated(made_up(12, seed=1))
    gallery = made_up(20, seed=6, named=False)
    gallery = at_times(gallery, np.arange(len(gallery)) * 5.0, 12.0)
    found = calibrate_unlabelled(gallery, "street", QUICK, named)
    assert found.misses == named.misses
    assert found.source["misses_from"] == "shop"
    with pytest.raises(ValueError, match="distance=euclidean"):
        calibrate_unlabelled(gallery, "street", QUICK._replace(distance="cosine"), named)
    other = named.model_copy(update={"network": "another"})
    with pytest.raises(ValueError, match=r"another.*street"):
        calibrate_unlabelled(gallery, "street", QUICK, other)


def test_footage_where_nobody_overlaps_is_refused() -> None:
    gallery = made_up(5, seed=7)
    gallery = at_times(gallery, np.arange(len(gallery)) * 5.0, 4.9)
    with pytest.raises(ValueError, match="at the same time"):
        calibrate_unlabelled(gallery, "street", QUICK)


@pytest.mark.slow
def test_promises_hold_on_other_people() -> None:
    """Calibrated on 60 people, 20 times; 60 others are the gallery, and searches are made by 400 more.

    The promise may be broken by one set of people in twenty, beside what chance makes of 400 searches.
    """
    others = made_up(1500, seed=1000)
    people, cameras = codes(others, "person"), codes(others, "camera")
    broken = {"far": 0, "miss": 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = calibrated(made_up(60, seed))
        there, absent = np.split(rng.permutation(1500)[:460], [60])
        gallery, chosen = (np.flatnonzero(np.isin(people, part)) for part in (there, absent))
        assert found.measurable(0.2, len(gallery))
        assert found.miss_measurable(0.05)
        for name, queries, verdict in (("far", chosen, "same"), ("miss", gallery, "not here")):
            asked = np.array(
                [rng.choice(queries[people[queries] == one]) for one in np.unique(people[queries])]
            )
            apart = distances(others.descriptors[asked], others.descriptors[gallery], "euclidean")
            apart[cameras[asked][:, None] == cameras[gallery]] = np.inf
            verdicts = found.verdicts(apart.min(axis=1), len(gallery), far=0.2, miss=0.05)
            promised = {"far": 0.2, "miss": 0.05}[name]
            chance = 2 * np.sqrt(promised * (1 - promised) / len(asked))
            broken[name] += np.mean([one == verdict for one in verdicts]) > promised + chance
    assert max(broken.values()) <= 1, broken
