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


class TerminalProgress(RichProgressBar):
    """Lightning's bar; training is one long epoch here, so that counting epochs would say nothing.

    The bar moves with every batch; the loss beside it is read every `every` iterations only, as reading it
    waits for the device. Lightning reads what is logged for a bar in each of them, bar or not.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._loss = torch.tensor(torch.nan)
        self._shown: dict[str, float] = {}  # which an evaluation leaves there

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
            self._shown = {"loss": self._loss.item()}
        return super().get_metrics(trainer, pl_module) | self._shown

    def _get_train_description(self, current_epoch: int) -> str:  # noqa: ARG002
        return "Training"


def _loss(outputs: Any) -> Tensor:
    """Of what Lightning says that a training step made."""
    loss: Tensor = outputs["loss"] if isinstance(outputs, dict) else outputs
    return loss


_EVALUATION_SECONDS = 30.0  # between two lines of a long evaluation


class PlainProgress(pl.Callback):
    """Logs iteration, loss, learning rate, speed and the time left: the first, then every `every` ones.

    The first pays for much besides itself, so that speed and time left count from its end.

    An evaluation that takes long says every half minute how far it is.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._since: tuple[float, int] | None = None  # when the first iteration ended, and its number
        self._evaluation = (0.0, 0.0)  # when it began, when it last said something

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._since = None

    @rank_zero_only
    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: object,
        batch: object,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        step = trainer.global_step
        if self._since is not None and step % self._every and step != trainer.max_steps:
            return
        _log.info(
            "iteration %d/%d  loss %.3f  learning rate %.1e%s",
            step,
            trainer.max_steps,
            _loss(outputs).item(),
            trainer.optimizers[0].param_groups[0]["lr"],
            self._pace(step, trainer.max_steps),
        )

    def _pace(self, step: int, last: int) -> str:
        """To be asked after the loss was read, which waits for the device."""
        now = time.monotonic()
        if self._since is None:
            self._since = (now, step)
            return ""
        began, first = self._since
        pace = (now - began) / (step - first)
        return f"  {pace:.2f} s/iteration  {duration(pace * (last - step))} left"

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._evaluation = (time.monotonic(),) * 2

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.on_validation_start(trainer, pl_module)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: object,  # noqa: ARG002
        batch_idx: int,
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        self._evaluated(batch_idx + 1, int(trainer.num_val_batches[0]))

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: object,  # noqa: ARG002
        batch_idx: int,
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        self._evaluated(batch_idx + 1, int(trainer.num_test_batches[0]))

    @rank_zero_only
    def _evaluated(self, done: int, batches: int) -> None:
        now, (began, spoke) = time.monotonic(), self._evaluation
        if now - spoke < _EVALUATION_SECONDS:
            return
        self._evaluation = (began, now)
        left = (now - began) * (batches - done) / done
        _log.info("evaluating  batch %d/%d  %s left", done, batches, duration(left))

    @rank_zero_only
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        scores = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("eval/")}
        _log.info(
            "evaluation  %s", "  ".join(f"{name[5:]} {100 * value:.1f}" for name, value in scores.items())
        )
