"""Training progress: a bar on a terminal, elsewhere one plain line every now and then."""

import logging
import time
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import RichProgressBar
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from reid_cosam.results.counted_progress import duration

_log = logging.getLogger(__name__)

_EVALUATION_SECONDS = 30.0  # between two lines of a long evaluation


class TerminalProgress(RichProgressBar):
    """Lightning's bar; training is one long epoch here, so its number is left out.

    The bar moves with every batch; the loss beside it is read every `every` iterations only, as reading it
    waits for the device. Lightning reads what is logged for a bar in each of them, bar or not.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._loss = torch.tensor(torch.nan)
        self._read: dict[str, float] = {}  # an evaluation leaves it on the bar

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._loss = _loss(outputs)
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def _update_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.training or trainer.global_step % self._every == 0:
            super()._update_metrics(trainer, pl_module)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        if trainer.training:
            self._read = {"loss": self._loss.item()}
        return super().get_metrics(trainer, pl_module) | self._read

    def _get_train_description(self, current_epoch: int) -> str:  # noqa: ARG002
        return "Training"


class PlainProgress(pl.Callback):
    """Logs iteration, loss, learning rate, speed and the time left: the first, then every `every` ones.

    Speed and time left count from the end of the first, which includes starting costs. A long evaluation logs
    its progress every half minute.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._since: tuple[float, int] | None = None  # when the first iteration ended, and its number
        self._evaluation = (0.0, 0.0)  # when it began, and when it last logged

    def on_train_start(self, *_: object) -> None:
        self._since = None

    @rank_zero_only
    def on_train_batch_end(self, trainer: pl.Trainer, _module: object, outputs: object, *_: object) -> None:
        step, last = trainer.global_step, trainer.max_steps
        if self._since is not None and step % self._every and step != last:
            return
        loss = _loss(outputs).item()  # waits for the device, so before the clock is read
        now, pace = time.monotonic(), ""
        if self._since is None:
            self._since = (now, step)
        else:
            seconds = (now - self._since[0]) / (step - self._since[1])
            pace = f"  {seconds:.2f} s/iteration  {duration(seconds * (last - step))} left"
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        _log.info("iteration %d/%d  loss %.3f  learning rate %.1e%s", step, last, loss, rate, pace)

    def on_validation_start(self, *_: object) -> None:
        self._evaluation = (time.monotonic(),) * 2

    @rank_zero_only
    def on_validation_batch_end(
        self, trainer: pl.Trainer, _module: object, _outputs: object, _batch: object, batch_idx: int, *_: int
    ) -> None:
        now, (began, logged) = time.monotonic(), self._evaluation
        if now - logged >= _EVALUATION_SECONDS:
            self._evaluation = (began, now)
            batches = trainer.num_test_batches if trainer.testing else trainer.num_val_batches
            done, last = batch_idx + 1, batches[0]
            left = duration((now - began) * (last - done) / done)
            _log.info("evaluating  batch %d/%d  %s left", done, last, left)

    def on_test_start(self, *_: object) -> None:
        self.on_validation_start()

    def on_test_batch_end(self, *args: Any) -> None:
        self.on_validation_batch_end(*args)

    @rank_zero_only
    def on_validation_end(self, trainer: pl.Trainer, *_: object) -> None:
        scores = (
            f"{name[5:]} {100 * value:.1f}"
            for name, value in trainer.callback_metrics.items()
            if name.startswith("eval/")
        )
        _log.info("evaluation  %s", "  ".join(scores))


def _loss(outputs: Any) -> Tensor:
    """From the outputs of a training step, as Lightning passes them on."""
    loss: Tensor = outputs["loss"] if isinstance(outputs, dict) else outputs
    return loss
