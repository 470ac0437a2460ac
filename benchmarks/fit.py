"""Training steps inside Lightning's own loop."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from benchmarks.measure import synchronise
from benchmarks.training import make_module, quiet
from reid_cosam import assembly
from reid_cosam.config import TrainSettings
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.training.lightning_module import ReidModule


class Repeated(Dataset[ClipBatch]):
    """The same batch, `count` times."""

    def __init__(self, batch: ClipBatch, count: int) -> None:
        self.batch, self.count = batch, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> ClipBatch:
        return self.batch


def through_lightning(
    chosen: TrainSettings, batch: ClipBatch, steps: int, after: Callable[[ReidModule], None]
) -> list[float]:
    """`Trainer.fit` for `steps` steps: the seconds of each but the first, of which `after` is no part.

    `after` is called after each step.
    """
    limited = chosen.trainer.model_copy(update={"max_steps": steps})
    clock, before = _Clock(after), torch.are_deterministic_algorithms_enabled()
    with tempfile.TemporaryDirectory() as folder, quiet():
        trainer = assembly.make_trainer(limited, Path(folder), [])
        trainer.limit_val_batches = 0
        trainer.callbacks[:] = [clock]  # type: ignore[attr-defined]
        loader: DataLoader[ClipBatch] = DataLoader(Repeated(batch, steps), batch_size=None)
        trainer.fit(make_module(chosen), train_dataloaders=loader)
    torch.use_deterministic_algorithms(before)
    return clock.seconds[1:]


class _Clock(pl.Callback):
    def __init__(self, after: Callable[[ReidModule], None]) -> None:
        self.after, self.seconds, self.since = after, list[float](), 0.0

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object) -> None:
        synchronise(trainer.strategy.root_device)
        self.seconds.append(time.perf_counter() - self.since)
        self.after(cast(ReidModule, pl_module))
        synchronise(trainer.strategy.root_device)
        self.since = time.perf_counter()
