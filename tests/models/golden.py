"""The released code's vectors, `tests/data/golden/layers.npz`."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

LAYERS = Path(__file__).parents[1] / "data" / "golden" / "layers.npz"


@cache
def layer(name: str) -> dict[str, Tensor]:
    """The arrays under `name/`, without that prefix; text is left out."""
    with np.load(LAYERS) as arrays:
        found = {key: arrays[key] for key in arrays.files if key.startswith(f"{name}/")}
    return {
        key.removeprefix(f"{name}/"): torch.from_numpy(array)
        for key, array in found.items()
        if array.dtype.kind in "fiu"
    }


def state(name: str) -> dict[str, Tensor]:
    """The weights of that layer under the released names."""
    prefix = "state/"
    return {key.removeprefix(prefix): value for key, value in layer(name).items() if key.startswith(prefix)}


def clip_shape(name: str) -> tuple[int, int]:
    batch, frames = layer(name)["b_t"].tolist()
    return batch, frames
