"""Galleries of made-up people: some are easy to recognise, some are not, and some resemble one another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from reid_cosam.galleries.gallery import COLUMNS, Gallery

NETWORK = "0123456789abcdef"
_WIDTH = 24


def made_up(
    people: int, seed: int, cameras: int = 4, scale: float = 1.0, noise: float = 0.35, named: bool = True
) -> Gallery:
    """Up to three tracklets of a person under each of two or more cameras, one every 10 seconds.

    A person's tracklets scatter around a centre, more for some people than for others; five people on average
    share a family, whose centres are nearer. Cameras shift all descriptors, always by the same.
    """
    rng = np.random.default_rng(seed)
    shifts = 0.15 * np.random.default_rng(9).normal(size=(cameras, _WIDTH))
    families = rng.normal(size=(max(2, people // 5), _WIDTH))
    centres = 0.9 * rng.normal(size=(people, _WIDTH))
    centres += 0.6 * families[rng.integers(0, len(families), people)]
    scatter = noise * np.exp(0.35 * rng.normal(size=people))
    rows: list[tuple[str, str, str]] = []
    descriptors = []
    for person in range(people):
        for camera in rng.permutation(cameras)[: rng.integers(min(2, cameras), cameras + 1)]:
            for _ in range(rng.integers(1, 4)):
                own = centres[person] + scatter[person] * rng.normal(size=_WIDTH) + shifts[camera]
                descriptors.append(scale * own)
                rows.append((f"cam{camera}", str(len(rows)), f"person {person}" if named else ""))
    table = pd.DataFrame(rows, columns=["camera", "track", "person"])
    table = table.reindex(columns=list(COLUMNS))
    for name, kind in COLUMNS.items():
        empty = table[name].isna().all()
        table[name] = pd.Series("" if empty and kind == "str" else table[name], table.index, dtype=kind)
    return Gallery(torch.tensor(np.array(descriptors), dtype=torch.float32), table, NETWORK, "model/")


def at_times(gallery: Gallery, starts: Sequence[float] | npt.NDArray[Any], seconds: float) -> Gallery:
    """The same tracklets, each seen for so long from its start on."""
    start = np.array(starts, np.float64)
    table = gallery.tracklets.assign(start=start, end=start + seconds)
    return Gallery(gallery.descriptors, table, gallery.network, gallery.model)


def codes(gallery: Gallery, column: str) -> npt.NDArray[np.int64]:
    return np.asarray(pd.factorize(gallery.tracklets[column])[0], np.int64)
