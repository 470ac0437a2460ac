"""Makes a `Calibration` of descriptors whose people are known, or of footage where nobody is named."""

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from reid_cosam.galleries.calibration import Calibration, distances
from reid_cosam.galleries.drift import within_cameras
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.measurements import OpenSetScores, RateCurve, WithinCameras
from reid_cosam.galleries.times import Constraints
from reid_cosam.metrics.bootstrap import OpenSet, open_set
from reid_cosam.metrics.openset import Pairs, Searches, compare
from reid_cosam.metrics.rules import Labels
from reid_cosam.metrics.testset import TestSet
from reid_cosam.settings.base import Distance

MOST_TRACKLETS = 5000
"""Of a gallery: people beyond that are left out, chosen by the seed; 25 million distances need 200 MB."""
_PAIR_DRAWS = 200  # for each pair of cameras


class Measurement(NamedTuple):
    """How a calibration is measured.

    Attributes:
        draws: samples of people in the bootstrap.
    """

    distance: Distance = "euclidean"
    draws: int = 500
    seed: int = 0


def open_set_of(
    descriptors: Float[Tensor, "n d"], test_set: TestSet, protocol: str, how: Measurement
) -> tuple[OpenSet, Pairs]:
    """Open-set scores of a test set: its queries against the gallery that a protocol searches."""
    rows = torch.from_numpy(test_set.gallery(protocol))
    query, gallery = test_set.compared(protocol)
    found = distances(descriptors[: test_set.num_queries], descriptors[rows], how.distance)
    pairs, searches = compare(found, query, gallery, protocol)
    return _scored(pairs, searches, how, "the test set"), pairs


def calibrate_test_set(
    descriptors: Float[Tensor, "n d"],
    test_set: TestSet,
    protocol: str,
    network: str,
    name: str,
    how: Measurement,
) -> Calibration:
    """The calibration of a network on the people of a test set.

    Args:
        network: fingerprint of what made the descriptors.
        name: of the test set.

    Raises:
        ValueError: there is one camera, or one person.
    """
    scored, pairs = open_set_of(descriptors, test_set, protocol, how)
    query, gallery = test_set.compared(protocol)
    by_camera = _camera_pairs(pairs, query.camids.astype(str), gallery.camids.astype(str), how)
    known = test_set.pids >= 0
    cameras = test_set.camids[known].astype(str)
    within = within_cameras(
        descriptors[torch.from_numpy(known)], cameras, test_set.pids[known], how.distance, how.seed
    )
    source = _source(name, True, scored, int(known.sum()), cameras)
    return _calibration(network, how, source, scored, by_camera, within)


def calibrate_gallery(
    gallery: Gallery, persons: "pd.Series[str]", name: str, how: Measurement
) -> Calibration:
    """The calibration on the tracklets of a gallery whose person is known.

    Args:
        persons: of every tracklet; empty where unknown.
        name: of the gallery.

    Raises:
        ValueError: there are no persons, one camera, or one person.
    """
    if not (persons != "").any():
        raise ValueError(
            f"{name}: no tracklet has a person: name them with persons=FILE.csv (camera,track,person), or "
            "calibrate without them: labels=none"
        )
    known = np.flatnonzero(persons.to_numpy() != "")
    known = known[_some_people(persons.to_numpy()[known], how.seed)]
    pids = np.unique(persons.to_numpy()[known].astype(str), return_inverse=True)[1]
    cameras = gallery.tracklets["camera"].to_numpy()[known].astype(str)
    names, camids = np.unique(cameras, return_inverse=True)
    descriptors = gallery.descriptors[torch.from_numpy(known)]
    labels = Labels(pids, camids)
    found = distances(descriptors, descriptors, how.distance)
    pairs, searches = compare(found, labels, labels, same_set=True)
    if len(names) < 2:
        raise ValueError(
            f"{name}: all tracklets with a person are of camera {names[0]}, but errors are measured "
            "between cameras"
        )
    scored = _scored(pairs, searches, how, name)
    by_camera = _camera_pairs(pairs, cameras, cameras, how)
    within = within_cameras(descriptors, cameras, pids, how.distance, how.seed)
    source = _source(name, True, scored, len(known), cameras)
    return _calibration(gallery.network, how, source, scored, by_camera, within)


def calibrate_unlabelled(
    gallery: Gallery, name: str, how: Measurement, labelled: Calibration | None = None
) -> Calibration:
    """False alarms on footage without names: two tracks of one camera at one time are two people.

    They are more alike than people under different cameras, which have other light and other backgrounds, so
    thresholds come out rather too low than too high. A person whom the tracker followed twice at one time
    does the same. Tracks stand for people in the bootstrap; as one person may have several, intervals are too
    narrow.

    Args:
        labelled: where the misses come from, which footage without names cannot tell. Whether they are the
            same here is not verified: `drift` looks for signs of the contrary.

    Raises:
        ValueError: no two tracks are seen at one time; `labelled` belongs to another network or distance.
    """
    if labelled is not None:
        labelled.check_network(gallery.network, name)
        if labelled.distance != how.distance:
            raise ValueError(
                f"the model is calibrated for {labelled.distance} distances: add distance={labelled.distance}"
            )
    rows = np.arange(len(gallery))
    chosen = np.sort(_some_people(rows, how.seed))
    table, descriptors = gallery.tracklets.iloc[chosen], gallery.descriptors[torch.from_numpy(chosen)]
    every = slice(None)
    different = np.triu(Constraints(table).same_time(every, every))
    if not different.any():
        raise ValueError(
            f"{name}: no two tracks of one camera are seen at the same time, so nothing tells people apart; "
            "name people with persons=FILE.csv"
        )
    rows = np.arange(len(table))
    found = distances(descriptors, descriptors, how.distance)
    pairs = Pairs(found, np.zeros_like(different), different, rows, rows, len(rows))
    scored = open_set(pairs, None, how.draws, how.seed)
    cameras = table["camera"].to_numpy().astype(str)
    source = _source(name, False, scored, len(table), cameras)
    if labelled is not None:
        source["misses_from"] = labelled.source["name"]
    within = within_cameras(descriptors, cameras, rows, how.distance, how.seed)
    made = _calibration(gallery.network, how, source, scored, {}, within)
    return made if labelled is None else made.model_copy(update={"misses": labelled.misses})


def score_record(scored: OpenSet) -> dict[str, Any]:
    """Open-set scores as `metrics.json` and `openset.json` hold them; None where a rate is not measurable."""
    return OpenSetScores.of(scored).model_dump(mode="json")


def _some_people(people: Shaped[np.ndarray, " n"], seed: int) -> Shaped[np.ndarray, " k"]:
    """Rows of all people, or of as many as have `MOST_TRACKLETS` in all."""
    if len(people) <= MOST_TRACKLETS:
        return np.arange(len(people))
    names, codes, counts = np.unique(people, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    kept = order[counts[order].cumsum() <= MOST_TRACKLETS]
    return np.flatnonzero(np.isin(codes, kept))


def _scored(pairs: Pairs, searches: Searches, how: Measurement, name: str) -> OpenSet:
    for kind, found in (("one person", pairs.same), ("different people", pairs.different)):
        if not found.any():
            raise ValueError(
                f"{name}: no two tracklets of {kind} under different cameras: a calibration needs several "
                "people who are seen by several cameras"
            )
    return open_set(pairs, searches, how.draws, how.seed)


def _camera_pairs(
    pairs: Pairs, query: Shaped[np.ndarray, " q"], gallery: Shaped[np.ndarray, " g"], how: Measurement
) -> dict[str, OpenSetScores]:
    """Scores of each pair of cameras, where different people can be compared."""
    found = {}
    for one, other in combinations(sorted({*query, *gallery}), 2):
        part = pairs.at(np.isin(query, (one, other)), np.isin(gallery, (one, other)))
        if part.different.any():
            scored = open_set(part, None, min(how.draws, _PAIR_DRAWS), how.seed)
            found[f"{one} / {other}"] = OpenSetScores.of(scored)
    return found


def _source(
    name: str, labelled: bool, scored: OpenSet, tracklets: int, cameras: Shaped[np.ndarray, " n"]
) -> dict[str, Any]:
    numbers = {"people": scored.people, "tracklets": tracklets, "cameras": sorted(set(cameras.tolist()))}
    return {"name": name, "labelled": labelled} | numbers


def _calibration(
    network: str,
    how: Measurement,
    source: dict[str, Any],
    scored: OpenSet,
    by_camera: dict[str, OpenSetScores],
    within: WithinCameras | None,
) -> Calibration:
    grid, false_alarms, misses = scored.curves
    return Calibration(
        network=network,
        distance=how.distance,
        source=source | {"draws": how.draws, "seed": how.seed},
        false_alarms=RateCurve.of(grid, false_alarms),
        misses=None if misses is None else RateCurve.of(grid, misses),
        scores=OpenSetScores.of(scored),
        camera_pairs=by_camera,
        within_cameras=within,
    )
