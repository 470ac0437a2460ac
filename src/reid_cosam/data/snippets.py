"""Which frames of a tracklet make a snippet. Decides positions only; nothing is read here.

A tracklet shorter than a snippet repeats its own frames in a cycle: 0, 1, 2, 0, ...
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Int64


def consecutive(length: int, num_frames: int, rng: np.random.Generator) -> Int64[np.ndarray, " t"]:
    """`num_frames` frames in a row; every start that fits is equally likely."""
    return _run(length, num_frames, int(rng.integers(max(0, length - num_frames), endpoint=True)))


def consecutive_released(length: int, num_frames: int, rng: np.random.Generator) -> Int64[np.ndarray, " t"]:
    """As `consecutive`, but the last start that fits never comes: the released code's `random` sample."""
    return _run(length, num_frames, int(rng.integers(max(0, length - num_frames - 1), endpoint=True)))


def random(length: int, num_frames: int, rng: np.random.Generator) -> Int64[np.ndarray, " t"]:
    """`num_frames` different frames in time order, every set equally likely."""
    if length <= num_frames:
        return _run(length, num_frames, 0)
    return np.sort(rng.choice(length, num_frames, replace=False))


def evenly(length: int, num_frames: int, _rng: np.random.Generator) -> Int64[np.ndarray, " t"]:
    """The frames at i * (length // num_frames): no chance in it."""
    if length <= num_frames:
        return _run(length, num_frames, 0)
    return np.arange(num_frames) * (length // num_frames)


def spread(length: int, num_frames: int, rng: np.random.Generator) -> Int64[np.ndarray, " t"]:
    """A random frame of each of `num_frames` equal parts of the tracklet (Li et al., CVPR 2018)."""
    if length <= num_frames:
        return _run(length, num_frames, 0)
    edges = np.arange(num_frames + 1) * length // num_frames
    return rng.integers(edges[:-1], edges[1:])


FrameSampler = Callable[[int, int, np.random.Generator], Int64[np.ndarray, " t"]]

SAMPLING: Mapping[str, FrameSampler] = MappingProxyType(
    {
        "consecutive": consecutive,
        "consecutive_released": consecutive_released,
        "random": random,
        "evenly": evenly,
        "spread": spread,
    }
)


def dense(length: int, num_frames: int) -> Int64[np.ndarray, "s t"]:
    """All snippets of a tracklet side by side; a short last one repeats its own frames in a cycle."""
    snippets = np.arange(dense_count(length, num_frames) * num_frames).reshape(-1, num_frames)
    snippets[-1] = _run(length, num_frames, int(snippets[-1, 0]))
    return snippets


def dense_count(length: int, num_frames: int) -> int:
    """How many snippets `dense` makes of a tracklet."""
    return -(-length // num_frames)


def _run(length: int, num_frames: int, start: int) -> Int64[np.ndarray, " t"]:
    return np.resize(np.arange(start, min(start + num_frames, length)), num_frames)
