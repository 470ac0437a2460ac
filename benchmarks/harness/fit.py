"""Training steps inside Lightning's own loop."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
from torch.utils.data import DataLoader, Dataset

from benchmarks.harness.measure import at_once, synchronise
from benchmarks.harness.steps import flags_restored, make_module, quiet
from reid_cosam import build
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.data.prefetcher import CudaPrefetcher
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule


class _Repeated(Dataset[ClipBatch]):
    def __init__(self, batch: ClipBatch, count: int) -> None:
        self.batch, self.count = batch, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> ClipBatch:
        return self.batch


class _RepeatedBatch(pl.LightningDataModule):
    """The same batch `count` times, moved to the device as the product's batches are."""

    transfer_batch_to_device = ReidDataModule.transfer_batch_to_device

    def __init__(self, batch: ClipBatch, count: int) -> None:
        super().__init__()
        self._batches, self._transfer = _Repeated(batch, count), CudaPrefetcher()

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        return DataLoader(self._batches, batch_size=None)


def through_lightning(
    chosen: TrainSettings, batch: ClipBatch, steps: int, after: Callable[[ReidModule], None]
) -> list[float]:
    """`Trainer.fit` for `steps` steps: the seconds of each but the first, without those of `after`.

    `after` is called after each step. On a GPU both hold for each `at_once` steps in place of one.
    """
    limited = chosen.trainer.model_copy(update={"max_steps": steps})
    clock = _Clock(after)
    with tempfile.TemporaryDirectory() as folder, quiet(), flags_restored():
        trainer = build.make_trainer(limited, Path(folder), [])
        trainer.limit_val_batches = 0
        trainer.callbacks[:] = [clock]  # type: ignore[attr-defined]
        trainer.fit(make_module(chosen), datamodule=_RepeatedBatch(batch, steps))
    return clock.seconds[1:]


class _Clock(pl.Callback):
    def __init__(self, after: Callable[[ReidModule], None]) -> None:
        self.after, self.seconds, self.since = after, list[float](), 0.0

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object) -> None:
        count = at_once(trainer.strategy.root_device)
        if trainer.global_step % count:
            return
        synchronise(trainer.strategy.root_device)
        self.seconds.append((time.perf_counter() - self.since) / count)
        self.after(cast(ReidModule, pl_module))
        synchronise(trainer.strategy.root_device)
        self.since = time.perf_counter()
