"""How fast a run went, kept in its folder: what later runs of its kind will take is estimated from it."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_only

from reid_cosam.results.store import read_record, write_json

_FILE = "pace.json"


class MeasuredPace(NamedTuple):
    """Seconds an iteration and an evaluation, on which device."""

    iteration: float
    evaluation: float | None
    device: str


class PaceRecord(pl.Callback):
    """Measures iterations, with all that comes between two of them but evaluations, and evaluations.

    Writes `pace.json` after each evaluation and with each checkpoint, so that an interrupted run has one too.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._since: float | None = None
        self._iterations = self._evaluations = 0
        self._training = self._evaluating = 0.0

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        now = time.monotonic()
        if self._since is not None:
            self._training += now - self._since
            self._iterations += 1
        self._since = now

    def on_validation_start(self, *_: Any) -> None:
        self._since = time.monotonic()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        now = time.monotonic()
        if self._since is not None:
            self._evaluating += now - self._since
            self._evaluations += 1
        self._since = now
        self._write(pl_module.device)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Any) -> None:  # noqa: ARG002
        self._write(pl_module.device)

    @rank_zero_only
    def _write(self, device: torch.device) -> None:
        if not self._iterations:
            return
        evaluated = self._evaluations or None
        content = {
            "seconds_per_iteration": self._training / self._iterations,
            "iterations": self._iterations,
            "seconds_per_evaluation": evaluated and self._evaluating / evaluated,
            "evaluations": self._evaluations,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        }
        write_json(self._path, content)


def read_pace(folder: Path) -> MeasuredPace | None:
    """What a run measured; None where it did not come that far, or the file is damaged."""
    try:
        content = read_record(folder / _FILE)
        names = ("seconds_per_iteration", "seconds_per_evaluation", "device")
        return MeasuredPace(*(content[name] for name in names))
    except (FileNotFoundError, ValueError, KeyError):
        return None
