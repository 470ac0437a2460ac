"""What the released code computes, `tests/data/golden/`: single layers and whole networks.

The networks' weights follow a rule, so that no large file is needed. `models_float64.npz` was made as
`models.npz` was, but in float64.
"""

import json
import math
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

FOLDER = Path(__file__).parents[1] / "data" / "golden"

Shapes = dict[str, tuple[int, ...]]


@cache
def layer(name: str) -> dict[str, Tensor]:
    """The arrays under `name/`, without that prefix; text is left out."""
    return _arrays("layers.npz", name)


def state(name: str) -> dict[str, Tensor]:
    """The weights of that layer under the released names."""
    prefix = "state/"
    return {key.removeprefix(prefix): value for key, value in layer(name).items() if key.startswith(prefix)}


def clip_shape(name: str) -> tuple[int, int]:
    batch, frames = layer(name)["b_t"].tolist()
    return batch, frames


def network(name: str) -> dict[str, Tensor]:
    """A network's `descriptor` `[b, out]` and `spatial_mask_<i>` `[b*t, 1, h, w]` by attention module."""
    return _arrays("models.npz", name)


def network_in_float64(name: str) -> dict[str, Tensor]:
    return _arrays("models_float64.npz", name)


def clips(arrays: Mapping[str, Tensor]) -> Float32[Tensor, "b t 3 256 128"]:
    """What that network was run on."""
    batch, frames, seed = arrays["b_t_seed"].tolist()
    drawn = np.random.default_rng(seed).standard_normal((batch, frames, 3, 256, 128))
    return torch.from_numpy(drawn.astype(np.float32))


def network_shapes(name: str) -> Shapes:
    """Every entry of a network's released state dict."""
    if name == "se_resnet50_cosam45_rnn":
        return _rnn_for_two_frames(network_shapes("se_resnet50_cosam45_tp"))
    shapes = json.loads((FOLDER / "models_keys.json").read_text())[name]
    return {entry: tuple(shape) for entry, shape in shapes.items()}


def _rnn_for_two_frames(pooling: Shapes) -> Shapes:
    heads = [name for name in pooling if name.endswith("spatial_mask_summary.0.weight")]
    lstm = {"weight_ih_l0": (2048, 2048), "weight_hh_l0": (2048, 512), "bias_ih_l0": (2048,)}
    lstm["bias_hh_l0"] = (2048,)
    return (
        pooling
        | dict.fromkeys(heads, (64, 128, 1, 1))
        | {f"aggregation.lstm.{name}": shape for name, shape in lstm.items()}
        | {"classifier.weight": (10, 512)}
    )


def weights(shapes: Shapes) -> dict[str, Tensor]:
    """Weights by the rule: each entry follows from its name and shape."""
    return {name: torch.from_numpy(_fill(name, shape)).float() for name, shape in shapes.items()}


def blank(shapes: Shapes) -> dict[str, Tensor]:
    """A state dict of zeros that takes no memory."""
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


def _fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape)
    if name.endswith("running_var"):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) >= 2:
        return rng.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
    if name.endswith("weight"):
        return rng.uniform(0.5, 1.5, shape)
    return rng.standard_normal(shape) * 0.1


def _arrays(file: str, name: str) -> dict[str, Tensor]:
    with np.load(FOLDER / file) as arrays:
        found = {key: arrays[key] for key in arrays.files if key.startswith(f"{name}/")}
    return {
        key.removeprefix(f"{name}/"): torch.from_numpy(array)
        for key, array in found.items()
        if array.dtype.kind in "fiu"
    }
