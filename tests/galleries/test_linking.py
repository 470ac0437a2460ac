"""Clusters are those of average linkage done step by step, and never hold an impossible pair."""

import numpy as np
import pytest

from reid_cosam.galleries import linking
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.linking import Links, link
from reid_cosam.galleries.times import Constraints, TravelTime
from tests.support.galleries import gallery_of

UNKNOWN = {"start": np.nan, "end": np.nan, "first_frame": None, "last_frame": None}


def step_by_step(distances: np.ndarray, impossible: np.ndarray, threshold: float) -> set[frozenset[int]]:
    """Joins the two nearest clusters that may be joined, until none are within the threshold."""
    clusters = [[row] for row in range(len(distances))]
    while True:
        means = {
            (one, other): float(distances[np.ix_(clusters[one], clusters[other])].mean())
            for one in range(len(clusters))
            for other in range(one)
            if not impossible[np.ix_(clusters[one], clusters[other])].any()
        }
        if not means or min(means.values()) > threshold:
            return {frozenset(cluster) for cluster in clusters}
        one, other = min(means, key=lambda pair: means[pair])
        clusters[other] += clusters.pop(one)


def crowd(seed: int, count: int = 30) -> tuple[Gallery, Constraints]:
    random = np.random.default_rng(seed)
    rows = [
        (
            f"cam{random.integers(3)}",
            str(row),
            "",
            start := float(random.uniform(0, 30)),
            start + float(random.uniform(1, 6)),
            (random.normal(size=2) + 3 * random.integers(4, size=2)).tolist(),
        )
        for row in range(count)
    ]
    gallery = gallery_of(rows)
    travels = {("cam0", "cam1"): TravelTime(2.0, 12.0), ("cam1", "cam0"): TravelTime(2.0, 12.0)}
    return gallery, Constraints(gallery.tracklets, travels)


def distances_of(gallery: Gallery) -> np.ndarray:
    rows = gallery.descriptors.double().numpy()
    distances: np.ndarray = np.linalg.norm(rows[:, None] - rows, axis=2)
    return distances


def clusters_of(links: Links) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(links.identities == one).tolist()) for one in set(links.identities)}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [0.4, 1.0, 2.5, 9.0])
def test_no_identity_holds_an_impossible_pair(
    monkeypatch: pytest.MonkeyPatch, seed: int, threshold: float
) -> None:
    monkeypatch.setattr(linking, "_ROWS_AT_ONCE", 7)
    gallery, constraints = crowd(seed)
    links = link(gallery.descriptors, constraints, threshold)
    impossible = constraints.impossible(slice(None), slice(None))
    together = links.identities[:, None] == links.identities
    assert impossible.sum() > 60
    assert not (impossible & together).any()
    assert clusters_of(links) == step_by_step(distances_of(gallery), impossible, threshold)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("threshold", [0.4, 1.5, 4.0])
def test_clusters_are_those_of_joining_step_by_step(
    monkeypatch: pytest.MonkeyPatch, seed: int, threshold: float
) -> None:
    monkeypatch.setattr(linking, "_ROWS_AT_ONCE", 7)
    gallery, _ = crowd(seed)
    nothing = Constraints(gallery.tracklets.assign(**UNKNOWN))
    links = link(gallery.descriptors, nothing, threshold)
    reference = step_by_step(distances_of(gallery), np.zeros((30, 30), dtype=bool), threshold)
    assert clusters_of(links) == reference
    first = [int(np.flatnonzero(links.identities == one)[0]) for one in range(1, len(reference) + 1)]
    assert first == sorted(first)


def test_places_are_mean_distances() -> None:
    """Two of one identity at 0 and 1, one at 5 that cannot be the first, one at 20."""
    spans = [(0, 1), (2, 3), (0.5, 1), (9, 10)]
    rows = [("a", str(x), "", *span, (x,)) for x, span in zip((0, 1, 5, 20), spans, strict=True)]
    gallery = gallery_of(rows)
    links = link(gallery.descriptors, Constraints(gallery.tracklets), 2.0)
    assert links.identities.tolist() == [1, 1, 2, 3]
    np.testing.assert_allclose(links.own, [1, 1, np.nan, np.nan])
    assert links.nearest.tolist() == [3, 2, 3, 2]
    np.testing.assert_allclose(links.other, [20, 4, 15, 15])


def test_a_part_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "MOST_TOGETHER", 2)
    rows = [("a", str(x), "", x, x + 0.5, (x,)) for x in (0, 1, 2, 10)]
    gallery = gallery_of(rows)
    with pytest.raises(ValueError, match="3 tracklets are connected"):
        link(gallery.descriptors, Constraints(gallery.tracklets), 1.0)
    assert link(gallery.descriptors, Constraints(gallery.tracklets), 0.5).identities.tolist() == [1, 2, 3, 4]
