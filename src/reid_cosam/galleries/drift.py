"""Whether footage resembles what a network was calibrated on."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64, Shaped
from torch import Tensor

from reid_cosam.galleries.calibration import Calibration, distances
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.measurements import WithinCameras
from reid_cosam.settings.base import Distance

_MOST_TRACKLETS = 2000
_SHARES = np.linspace(0, 1, 201)
_HALVES = 100
_FEWEST_PAIRS, _FEWEST_TRACKLETS = 10, 50


def within_cameras(
    descriptors: Float[Tensor, "n d"],
    cameras: Shaped[np.ndarray, " n"],
    people: Shaped[np.ndarray, " n"],
    distance: Distance,
    seed: int = 0,
) -> WithinCameras | None:
    """Distances between different tracklets of one camera; None where there are too few of them.

    Of more than 2,000 tracklets, so many are drawn.
    """
    generator = np.random.default_rng(seed)
    rows, found, pairs = _compared(descriptors, cameras, distance, generator)
    cameras, codes = cameras[rows], np.unique(people[rows], return_inverse=True)[1]
    if pairs.sum() < _FEWEST_PAIRS:
        return None
    number = codes.max() + 1
    differences = []
    for _ in range(_HALVES):
        first = np.isin(codes, generator.permutation(number)[: number // 2])
        parts = [_within(found, pairs, half) for half in (first, ~first)]
        if min(map(len, parts)):
            size = 1 / (1 / first.sum() + 1 / (~first).sum())
            differences.append(_largest_difference(*parts) * np.sqrt(size))
    return WithinCameras(
        quantiles=tuple(np.quantile(found[pairs], _SHARES).tolist()),
        tracklets=len(rows),
        spread=float(np.quantile(differences, 0.99)) if differences else 0.0,
        between_cameras=max(_from_the_others(found, pairs, cameras), default=0.0),
    )


def drift(calibration: Calibration, gallery: Gallery) -> str | None:
    """A warning where the footage of a gallery lies far from what was calibrated on; None where it does not.

    Compares the distances between different tracklets of one camera, whoever they show, as nobody need be
    named for that. The largest difference between the two distributions (Kolmogorov and Smirnov's statistic)
    is far if it exceeds both

    - what chance makes of as many tracklets: halves of the calibration's people differ less, 99 % of the
    time; - what cameras make of it: no camera of the calibration differs more from the others.

    Fewer than 50 tracklets are not judged. It is a sign, no proof: footage may be hard in ways that leave
    these distances as they are.

    Raises:
        ValueError: the gallery was made by another network.
    """
    calibration.check_network(gallery.network, "the gallery")
    expected = calibration.within_cameras
    cameras = gallery.tracklets["camera"].to_numpy().astype(str)
    generator = np.random.default_rng(0)
    rows, found, pairs = _compared(gallery.descriptors, cameras, calibration.distance, generator)
    if expected is None or len(rows) < _FEWEST_TRACKLETS or pairs.sum() < _FEWEST_PAIRS:
        return None
    quantiles = np.quantile(found[pairs], _SHARES)
    difference = _largest_difference(quantiles, np.array(expected.quantiles))
    chance = expected.spread * np.sqrt(1 / len(rows) + 1 / expected.tracklets)
    limit = max(chance, expected.between_cameras)
    if difference <= limit:
        return None
    half = len(_SHARES) // 2
    here, there = quantiles[half], expected.quantiles[half]
    return (
        f"this footage differs from what was calibrated on ({calibration.source['name']}): tracklets of one "
        f"camera lie {here:.3g} apart, there {there:.3g} (medians; largest difference between the "
        f"distributions {difference:.2f}, up to {limit:.2f} is usual): promised error rates may not hold; "
        "calibrate on this footage, for example with labels=none"
    )


def _compared(
    descriptors: Float[Tensor, "n d"],
    cameras: Shaped[np.ndarray, " n"],
    distance: Distance,
    generator: np.random.Generator,
) -> tuple[Int64[np.ndarray, " k"], Float32[np.ndarray, "k k"], Bool[np.ndarray, "k k"]]:
    """Rows that are compared, their distances, and which pairs of them are of one camera, each once."""
    rows = np.sort(generator.permutation(len(cameras))[:_MOST_TRACKLETS])
    chosen = descriptors[torch.from_numpy(rows)]
    same_camera = cameras[rows][:, None] == cameras[rows]
    return rows, distances(chosen, chosen, distance), np.triu(same_camera, 1)


def _from_the_others(
    found: Float32[np.ndarray, "n n"], pairs: Bool[np.ndarray, "n n"], cameras: Shaped[np.ndarray, " n"]
) -> list[float]:
    """How much each camera differs from the others together; cameras with few pairs are left out."""
    split = [
        [_within(found, pairs, part) for part in (cameras == name, cameras != name)] for name in set(cameras)
    ]
    return [_largest_difference(*parts) for parts in split if min(map(len, parts)) >= _FEWEST_PAIRS]


def _within(
    found: Float32[np.ndarray, "n n"], pairs: Bool[np.ndarray, "n n"], part: Bool[np.ndarray, " n"]
) -> Float32[np.ndarray, " p"]:
    place = np.ix_(part, part)
    return np.asarray(found[place][pairs[place]])


def _largest_difference(one: Float[np.ndarray, " a"], other: Float[np.ndarray, " b"]) -> float:
    """Kolmogorov and Smirnov's statistic of two samples."""
    one, other = np.sort(one), np.sort(other)
    places = np.concatenate([one, other])
    shares = (np.searchsorted(sample, places, side="right") / len(sample) for sample in (one, other))
    return float(np.abs(np.subtract(*shares)).max())
