"""A gallery's tracklets linked to identities: at which threshold, and how well."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.certainty import VERDICTS, linked_pairs, reasons, verdicts
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.linking import Links, link
from reid_cosam.galleries.promises import MISS
from reid_cosam.galleries.times import NO_TRAVELS, Constraints, Travels
from reid_cosam.metrics.identities import identity_scores
from reid_cosam.metrics.retrieval import unit_length


@dataclass(frozen=True, eq=False)
class Linked:
    """Identities of a gallery.

    Attributes:
        table: one row per tracklet of the gallery, in its order: `identities.csv`.
        summary: what was linked, how, and with which result: `link.json`.
    """

    table: pd.DataFrame
    summary: dict[str, Any]


def link_gallery(
    gallery: Gallery,
    calibration: Calibration | None = None,
    *,
    far: float = 0.1,
    threshold: float | None = None,
    travels: Travels = NO_TRAVELS,
    named_in: str = "the gallery",
) -> Linked:
    """Links a gallery at its calibrated threshold, or at one set by hand.

    The calibrated threshold is the distance within which a tracklet is expected to have at most `far`
    tracklets of other people: that at which a search among the others has this false alarm rate.

    Distances are L2; for a cosine calibration, or a network of cosine distance without a calibration, they
    are those of the descriptors at unit length, and calibrated thresholds are converted.

    Args:
        gallery: whose column `person` the identities are scored against.
        calibration: of the same network.
        far: see above.
        threshold: instead of the calibrated one.
        travels: between cameras.
        named_in: where the names of people come from, for the summary.

    Raises:
        ValueError: the gallery is empty, there is neither a calibration nor a threshold, or too many
            tracklets are connected at it.
    """
    if not len(gallery):
        raise ValueError("the gallery is empty: there is no tracklet to link")
    if threshold is None and calibration is None:
        raise ValueError(
            "there is no calibration, in the gallery or with its model, that says from which distance on two "
            "tracklets are two people: run reid-cosam calibrate, or set threshold=DISTANCE by hand"
        )
    cosine = (gallery if calibration is None else calibration).distance == "cosine"
    used, upper, meaning = _thresholds(calibration, far, threshold, len(gallery))
    descriptors = unit_length(gallery.descriptors) if cosine else gallery.descriptors
    constraints = Constraints(gallery.tracklets, travels)
    links = link(descriptors, constraints, used)
    # A calibration of people by name compares tracklets of different cameras.
    covered = calibration is None or not calibration.source["labelled"]
    pairs = linked_pairs(gallery.tracklets["camera"], links)
    doubts = reasons(links, used, upper, np.zeros(len(gallery), dtype=bool) if covered else pairs.one_camera)
    named = verdicts(links, doubts)
    summary = _counts(gallery, links, named) | {
        "linked_pairs": {"all": pairs.linked, "of_one_camera": pairs.within},
        "one_camera_covered": covered,
        "threshold": used,
        "uncertain_up_to": upper if np.isfinite(upper) else None,
        "far": far if threshold is None else None,
        "calibration": None if calibration is None else calibration.source,
        "unit_length": cosine,
        "meaning": meaning,
        **_rules(constraints, travels),
        "scores": _scores(gallery, links),
        "named_in": named_in,
    }
    return Linked(identity_table(gallery.tracklets, links, named, doubts), summary)


def _counts(gallery: Gallery, links: Links, named: list[str]) -> dict[str, Any]:
    """For the summary: what was linked, and to how many identities."""
    return {
        "network": gallery.network,
        "model": gallery.model,
        "tracklets": len(gallery),
        "cameras": gallery.tracklets["camera"].nunique(),
        "identities": int(links.identities.max()),
        "one_tracklet": int((np.bincount(links.identities) == 1).sum()),
        "verdicts": {name: Counter(named)[name] for name in VERDICTS},
    }


def _rules(constraints: Constraints, travels: Travels) -> dict[str, Any]:
    """For the summary: what forbids that two tracklets are linked."""
    return {
        "impossible": constraints.count(),
        "without_time": constraints.untimed,
        "travel_times": [
            [*pair, time.least, None if np.isinf(time.most) else time.most] for pair, time in travels.items()
        ],
    }


def _thresholds(
    calibration: Calibration | None, far: float, by_hand: float | None, count: int
) -> tuple[float, float, str]:
    """L2 distances up to which tracklets are linked and uncertain, and what the former means."""
    upper = 0.0 if calibration is None else _l2(calibration, calibration.not_here(MISS))
    if by_hand is not None:
        return by_hand, max(by_hand, upper), f"linked up to the distance {by_hand:.4g}, which was set by hand"
    assert calibration is not None
    others = max(1, count - 1)
    threshold = _l2(calibration, calibration.threshold(far, others))
    if calibration.measurable(far, others):
        promise = f"a tracklet has at most {far:.3g} tracklets of other people within it, on average"
    else:
        needed = calibration.people_needed(far, others)
        promise = (
            f"the nearest pair of two people in the calibration is farther apart; far={far:g} could be "
            f"promised with about {needed:,} people"
        )
    return threshold, max(upper, threshold), f"linked up to the distance {threshold:.4g}: {promise}"


def _l2(calibration: Calibration, distance: float) -> float:
    """A calibrated distance as that of descriptors at unit length, if it is a cosine."""
    return float((2 * distance) ** 0.5) if calibration.distance == "cosine" else distance


def identity_table(
    tracklets: pd.DataFrame, links: Links, named: list[str], doubts: list[str]
) -> pd.DataFrame:
    """The columns of `identities.csv`; `why` says what is uncertain, `tracklets` the size of the identity."""
    nearest = pd.array(links.nearest, dtype="Int64")
    nearest[links.nearest == 0] = pd.NA
    found = {
        "identity": links.identities,
        "verdict": named,
        "why": doubts,
        "tracklets": np.bincount(links.identities)[links.identities],
        "own_distance": links.own,
        "nearest_identity": nearest,
        "nearest_distance": links.other,
    }
    about = tracklets[["person", "first_frame", "last_frame", "start", "end"]]
    return pd.concat([tracklets[["camera", "track"]], pd.DataFrame(found), about], axis=1)


def _scores(gallery: Gallery, links: Links) -> dict[str, float] | None:
    """Against the people that the table names; tracklets without a name do not count."""
    named = (gallery.tracklets["person"] != "").to_numpy()
    if not named.any():
        return None
    people = pd.factorize(gallery.tracklets["person"][named])[0].astype(np.int64)
    scores = identity_scores(links.identities[named], people)
    return {**scores._asdict(), "tracklets": int(named.sum()), "people": int(people.max()) + 1}
