"""Checkpoints that are whole or absent, and that say what they were trained with."""

import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam.config.identity import identity
from reid_cosam.results.store import replacing

# A resumed run is the rest of the same run; only its length and its first weights' origin may differ.
_FREE = {"backbone.pretrained", "trainer.max_steps"}
_DIGITS = 12  # of a hash, enough to tell two apart


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames: a killed run leaves the old checkpoint, not half a new one."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any = None,  # noqa: ARG002, of the interface
    ) -> None:
        target = Path(path)
        with replacing(target) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())


class LastCheckpoint(ModelCheckpoint):
    """Keeps `last.ckpt`: every so many iterations, and after an exception.

    Where several ranks write it together, an exception must have come to all of them, as SIGTERM does
    (`StopWhenTold`): one whose frame is broken would wait for the others, and they for its descriptors.
    """

    def __init__(self, folder: Path, every: int) -> None:
        super().__init__(
            folder,
            filename="last",
            every_n_train_steps=every,
            save_on_exception=True,
            enable_version_counter=False,
        )

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if trainer.world_size == 1 or isinstance(exception, SIGTERMException):
            super().on_exception(trainer, pl_module, exception)


class BestCheckpoint(pl.Callback):
    """Keeps the checkpoint of the evaluation with the highest mAP, that after the last iteration included.

    Lightning's own callback does not look at an evaluation that follows the training.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._best = -1.0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        mean_ap = float(trainer.callback_metrics["eval/mAP"])
        if mean_ap > self._best:
            self._best = mean_ap
            trainer.save_checkpoint(self._path)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._best = state_dict["best"]


class TrackletsRecord(pl.Callback):
    """Writes into every checkpoint the hash of the tracklets that it was trained on, if it is known."""

    def __init__(self, split: str | None) -> None:
        self._split = split

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,  # noqa: ARG002, of the interface
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        checkpoint["split"] = self._split


def check_resumable(path: Path, config: Mapping[str, Any], split: str) -> int:
    """Makes sure that a run can go on from the checkpoint; returns its iterations.

    Args:
        config: of the run.
        split: the hash of its tracklets.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: it is unreadable, not one of ours, or of another run; names what differs.
    """
    trained = read_checkpoint(path)
    if "optimizer_states" not in trained:
        raise ValueError(f"{path} holds weights only, no training that could go on; choose a last.ckpt")
    before, now = _kept(trained["config"]), _kept(config)
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
    _check_tracklets(path, trained.get("split"), split)
    return int(trained["global_step"])


def _check_tracklets(path: Path, before: str | None, now: str) -> None:
    if before is None:
        raise ValueError(
            f"{path} does not say which tracklets it was trained on, as an earlier version of reid_cosam "
            "wrote it: start anew without ckpt_path, and with runs=... delete this checkpoint first"
        )
    if before != now:
        raise ValueError(
            f"{path} was trained on other tracklets, sha256 {before[:_DIGITS]} (this run: {now[:_DIGITS]}): "
            "it can only go on with its own; name their folder with data.root=... (reid_cosam.verify prints "
            "the sha256 of one), or start anew without ckpt_path"
        )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours, its tensors mapped from the file; safe whatever the file holds.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: it is unreadable, or not one of ours.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such checkpoint")
    try:
        content = _load(path)
    except Exception as error:  # torch raises many unrelated types on torn and foreign files
        raise ValueError(f"{path} is not a readable checkpoint: {_why_unread(error)}") from error
    if not isinstance(content, dict) or "config" not in content:
        raise ValueError(f"{path} was not written by reid_cosam.train: it holds no configuration")
    return content


def _load(path: Path) -> Any:
    """Maps the file, where torch can: it takes no name that is not UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def _why_unread(error: Exception) -> str:
    """Without torch's advice to load what it refuses by running the code in it."""
    if isinstance(error, pickle.UnpicklingError):
        foreign = re.search(r"GLOBAL (\S+)", str(error))
        return (
            f"it holds {foreign[1]}, and only weights and plain values are read"
            if foreign
            else "it is damaged"
        )
    return str(error).partition("\n")[0] or type(error).__name__


def _kept(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in identity(config).items() if name not in _FREE}
