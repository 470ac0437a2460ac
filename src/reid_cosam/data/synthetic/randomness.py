"""Every random stream by name, so that no image depends on the order in which images are made."""

import numpy as np

TRAIN, TEST = 0, 1

# SeedSequence pads with zeros, so [seed, 1] and [seed, 1, 0] are one stream: kinds keep lengths apart.
_CAMERA, _IDENTITY, _STRANGER, _TRACKLET, _WALK, _SITE = 1, 2, 3, 4, 5, 6

PLACE, CLOCK, THINGS, SENSOR = 0, 1, 2, 3


def camera_rng(seed: int, camera: int) -> np.random.Generator:
    """Train and test share their cameras, as in MARS."""
    return np.random.default_rng([seed, _CAMERA, camera])


def identity_rng(seed: int, split: int, pid: int) -> np.random.Generator:
    """One stream an identity, the same in all of its tracklets."""
    return np.random.default_rng([seed, _IDENTITY, split, pid])


def stranger_rng(seed: int, camera: int, number: int) -> np.random.Generator:
    """A distractor's or junk tracklet's own person."""
    return np.random.default_rng([seed, _STRANGER, camera, number])


def tracklet_rng(seed: int, split: int, pid: int, camera: int, number: int) -> np.random.Generator:
    """Everything that one tracklet does not share with others; pid may be -1."""
    return np.random.default_rng([seed, _TRACKLET, split, pid + 1, camera, number])


def walk_rng(seed: int, split: int, pid: int) -> np.random.Generator:
    """When a person of the footage sets out, and which way."""
    return np.random.default_rng([seed, _WALK, split, pid])


def site_rng(seed: int, camera: int, use: int) -> np.random.Generator:
    """One stream for each `use` of a camera of the footage, `PLACE` and so on."""
    return np.random.default_rng([seed, _SITE, camera, use])
