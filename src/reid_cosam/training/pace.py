"""The speed of a run, recorded in its folder while it trains."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_only

from reid_cosam.results.store import read_record, write_json

_FILE = "pace.json"


class MeasuredPace(NamedTuple):
    """Seconds per iteration and per evaluation, and the device."""

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

    def on_train_batch_end(self, *_: object) -> None:
        now = time.monotonic()
        if self._since is not None:
            self._training += now - self._since
            self._iterations += 1
        self._since = now

    def on_validation_start(self, *_: object) -> None:
        self._since = time.monotonic()

    def on_validation_end(self, _trainer: object, module: Any) -> None:
        now = time.monotonic()
        if self._since is not None:
            self._evaluating += now - self._since
            self._evaluations += 1
        self._since = now
        self._write(module.device)

    def on_save_checkpoint(self, _trainer: object, module: Any, *_: object) -> None:
        self._write(module.device)

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
    """The recorded pace of a run; None where it ended too early for one, or the file is damaged."""
    try:
        content = read_record(folder / _FILE)
        names = ("seconds_per_iteration", "seconds_per_evaluation", "device")
        return MeasuredPace(*(content[name] for name in names))
    except (FileNotFoundError, ValueError, KeyError):
        return None
