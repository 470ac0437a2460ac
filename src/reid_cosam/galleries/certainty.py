"""How sure it is that a tracklet belongs to the identity that it was linked to."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool

from reid_cosam.galleries.linking import Links

VERDICTS = ("linked", "alone", "uncertain")


class LinkedPairs(NamedTuple):
    """Pairs of tracklets that share an identity.

    Attributes:
        linked: how many there are.
        within: how many of them are in one camera.
        one_camera: of each tracklet, whether all of its identity are in one camera.
    """

    linked: int
    within: int
    one_camera: Bool[np.ndarray, " n"]


def linked_pairs(cameras: "pd.Series[str]", links: Links) -> LinkedPairs:
    """Of tracklets in these cameras."""
    by_camera = pd.crosstab(links.identities, cameras).to_numpy()  # identities count from 1 without gaps
    both = [int((counts * (counts - 1) // 2).sum()) for counts in (by_camera.sum(axis=1), by_camera)]
    alone = (by_camera > 0).sum(axis=1) == 1
    return LinkedPairs(both[0], both[1], alone[links.identities - 1])


def reasons(links: Links, threshold: float, upper: float, one_camera: Bool[np.ndarray, " n"]) -> list[str]:
    """Why each tracklet is uncertain; empty where it is not.

    A tracklet that shares its identity is uncertain if its mean distance to the others is above the
    threshold, if another identity that it could belong to is within it too, or if nothing is known of pairs
    in the only camera of the identity. One that is alone is uncertain if another identity is within `upper`,
    the distance beyond which few tracklets of one person lie.

    Args:
        links: who is who.
        threshold: up to which tracklets were linked.
        upper: likewise, a distance.
        one_camera: whether all tracklets of the identity are in one camera, of which pairs nothing is known.
    """
    shares = ~np.isnan(links.own)
    applies = {
        "farther from its own than the threshold": shares & (links.own > threshold),
        "another identity is within the threshold": shares & (links.other <= threshold),
        "one camera only": shares & one_camera,
        "another identity is near": ~shares & (links.other <= upper),
    }
    doubts = np.array(list(applies.values())).T
    return ["; ".join(reason for reason, one in zip(applies, row, strict=True) if one) for row in doubts]


def verdicts(links: Links, doubts: list[str]) -> list[str]:
    """One of `VERDICTS` for each tracklet: uncertain wherever there is a doubt."""
    shares = ~np.isnan(links.own)
    certain = np.where(shares, "linked", "alone")
    return ["uncertain" if doubt else str(one) for one, doubt in zip(certain, doubts, strict=True)]
