"""Checkpoints that are whole or absent, and that say what they were trained with."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

# What must agree between a checkpoint and the run that goes on from it, in the words of the command line.
_IDENTITY = ("backbone.name", "cosam", "agg.name", "num_frames", "data.height", "data.width")
_IDENTITY_OF_COSAM = (
    "recipe.attention.variant",
    "recipe.attention.reduced_channels",
    "recipe.attention.reduced_channels_narrow",
)


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
        ValueError: it is not one of ours, or was trained with another network; names what differs.
    """
    if not path.is_file():
        raise FileNotFoundError(f"ckpt_path={path}: there is no such checkpoint")
    trained = torch.load(path, map_location="cpu", weights_only=True, mmap=True).get("config")
    if trained is None:
        raise ValueError(f"{path} was not written by reid_cosam.train: it holds no configuration")
    keys = _IDENTITY + (_IDENTITY_OF_COSAM if config["cosam"] else ())
    differing = [
        f"{key}={_at(trained, key)} (this run: {_at(config, key)})"
        for key in keys
        if _at(trained, key) != _at(config, key)
    ]
    if differing:
        raise ValueError(
            f"{path} was trained with {', '.join(differing)}: its weights do not fit; "
            "resume with the settings of the checkpoint, or start anew without ckpt_path"
        )


def _at(config: Mapping[str, Any], key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return list(value) if isinstance(value, tuple) else value
