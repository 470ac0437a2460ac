"""Checkpoints that are whole or absent, and that say what they were trained with."""

import os
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

# A resumed run is the rest of the same run: everything must agree but where it runs and how long.
_COMPARED = ("backbone", "cosam", "agg", "num_frames", "seed", "data", "recipe")
_FREE = {
    "backbone.pretrained",
    "data.root",
    "data.workers",
    "data.eval_batch_size",
    "recipe.name",
    "recipe.max_steps",
}


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames: a killed run leaves the old checkpoint, not half a new one."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any = None,  # noqa: ARG002, of the interface
    ) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            try:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                Path(file.name).unlink()
                raise
        Path(file.name).replace(target)


def check_resumable(path: Path, config: Mapping[str, Any]) -> None:
    """Makes sure that a run with this configuration can go on from the checkpoint.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: it is unreadable, not one of ours, or of another run; names what differs.
    """
    if not path.is_file():
        raise FileNotFoundError(f"ckpt_path={path}: there is no such checkpoint")
    trained = _config_of(path)
    before, now = _identity(trained), _identity(config)
    differing = [
        f"{key}={before.get(key)} (this run: {now.get(key)})"
        for key in sorted(before | now)
        if before.get(key) != now.get(key)
    ]
    if differing:
        raise ValueError(
            f"{path} was trained with {', '.join(differing)}: it can only go on as it began; "
            "resume with the settings of the checkpoint, or start anew without ckpt_path"
        )


def _config_of(path: Path) -> Mapping[str, Any]:
    try:
        config = torch.load(path, map_location="cpu", weights_only=True, mmap=True).get("config")
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError) as error:
        raise ValueError(f"{path} is not a readable checkpoint: {str(error).splitlines()[0]}") from error
    if config is None:
        raise ValueError(f"{path} was not written by reid_cosam.train: it holds no configuration")
    return cast(Mapping[str, Any], config)


def _identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that make a run what it is, by their names on the command line."""
    flat = dict(_flat({key: config[key] for key in _COMPARED if key in config}))
    unused = () if config["cosam"] else ("recipe.attention.",)
    return {key: value for key, value in flat.items() if key not in _FREE and not key.startswith(unused)}


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", list(value) if isinstance(value, tuple) else value
