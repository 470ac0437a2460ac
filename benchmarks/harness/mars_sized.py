"""Descriptors and identities in the numbers of MARS, drawn from a seed."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Int64

from reid_cosam.metrics.retrieval import euclidean_distances

CAMERAS = 6


class Size(NamedTuple):
    """`people` have `queries` under different cameras, and share the gallery with `distractors`."""

    queries: int
    gallery: int
    people: int
    distractors: int
    width: int


def draw(folder: Path, size: Size) -> None:
    """Writes identities, descriptors and distances."""
    rng = np.random.default_rng(0)
    passed = np.zeros((size.people, CAMERAS), dtype=bool)  # every person by one camera at least
    passed[np.arange(size.people), rng.integers(CAMERAS, size=size.people)] = True
    passed.flat[rng.choice(np.flatnonzero(~passed), size.queries - size.people, replace=False)] = True
    pids, camids = np.nonzero(passed)
    seen_again = rng.integers(size.queries, size=size.gallery - size.distractors)
    gallery_pids = np.concatenate([pids[seen_again] + 1, np.zeros(size.distractors, dtype=np.int64)])
    gallery_camids = np.concatenate([camids[seen_again], rng.integers(CAMERAS, size=size.distractors)])
    np.savez(folder / "ids.npz", pids + 1, camids, gallery_pids, gallery_camids)
    centres = rng.standard_normal((size.people + 1, size.width), dtype=np.float32)
    query, gallery = (_descriptors(centres, ids, rng) for ids in (pids + 1, gallery_pids))
    distances = euclidean_distances(torch.from_numpy(query), torch.from_numpy(gallery)).numpy()
    for name, array in (("query", query), ("gallery", gallery), ("distances", distances)):
        np.save(folder / f"{name}.npy", array)


def _descriptors(
    centres: Float32[np.ndarray, "p d"], pids: Int64[np.ndarray, " n"], rng: np.random.Generator
) -> Float32[np.ndarray, "n d"]:
    """Centres and noise, which is such that some strangers are nearer; a distractor's centre is its own."""
    noise = 0.45 * centres.shape[1] ** 0.25
    descriptors = rng.standard_normal((len(pids), centres.shape[1]), dtype=np.float32)
    descriptors *= noise
    strangers = pids == 0
    descriptors[~strangers] += centres[pids[~strangers]]
    descriptors[strangers] *= (1 + noise**2) ** 0.5 / noise
    return descriptors
