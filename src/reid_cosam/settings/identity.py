"""What makes a training run the run that it is: two runs that agree in it would give the same numbers."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from reid_cosam.settings.train import part_name

_COMPARED = ("backbone", "cosam", "agg", "num_frames", "seed", "data", "recipe")
# Where data lie, how they are fed and scored; the recipe's length, as the trainer's is the one that counts.
_FREE = {
    "data.root",
    "data.workers",
    "data.eval_batch_size",
    "data.protocol",
    "data.small",
    "data.attributes",
    "data.pattern",
    "data.file",
    "recipe.name",
    "recipe.max_steps",
}
# Settings that earlier versions did not have, at the value at which nothing differs from those.
_NEUTRAL = {
    "recipe.neck": None,
    "recipe.ema": None,
    "recipe.distance": "euclidean",
    "recipe.augmentation.erase": 0.0,
}


def identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that matter, by their names on the command line, from a run's plain settings."""
    flat = dict(_flat({key: config[key] for key in _COMPARED if key in config}))
    # What a reader reads is known by its tracklets, whatever its options.
    unused = ("data.reader.", *(() if config["cosam"] else ("recipe.attention.",)))
    hashed = {"backbone.weights"} if flat.get("backbone.weights_sha256") is not None else set()
    free = _FREE | hashed  # a file is known by its hash, wherever it lies
    kept = {
        key: value
        for key, value in flat.items()
        if key not in free and not key.startswith(unused) and _NEUTRAL.get(key, ...) != value
    }
    return kept | {"trainer.max_steps": config.get("trainer", {}).get("max_steps")}


def run_key(config: Mapping[str, Any], split: str) -> str:
    """A short hash of `identity` and of the hash of the tracklets that the run sees."""
    content = json.dumps(identity(config) | {"split": split}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def network_names(config: Mapping[str, Any]) -> tuple[str, str, int]:
    """Names of backbone and aggregator, and the stride of CNN block 5, from a run's plain settings.

    Settings of runs from before parts were named by their class hold the names themselves.
    """
    backbone, agg = config["backbone"], config["agg"]
    if "name" in backbone:
        return backbone["name"], agg["name"], agg["last_stride"]
    return part_name(backbone), part_name(agg), backbone.get("last_stride", 1)


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", list(value) if isinstance(value, tuple) else value
