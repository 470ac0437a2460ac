"""Training stops at the first loss or gradient that is not finite: nothing after it could be used."""

import math
from typing import Any, NamedTuple, NoReturn

import pytorch_lightning as pl
import torch
from torch import Tensor


class Diverged(ValueError):
    """A loss or a gradient is not finite. The same settings would lead there again."""


class _Values(NamedTuple):
    """The loss of an iteration and its largest gradient, on their way to the host."""

    iteration: int
    values: Tensor
    arrived: "torch.cuda.Event | None"


class FiniteCheck(pl.Callback):
    """Raises `Diverged`, with the iteration and its tracklets, before weights that are not finite are saved.

    On a CPU that is before the optimiser's step. A GPU is not waited for: its values are checked in a later
    iteration, and before each checkpoint. So are weights and statistics, which a step may have ruined.
    """

    def __init__(self) -> None:
        self._loss: Tensor | None = None
        self._pending: list[_Values] = []

    def on_before_backward(self, _trainer: pl.Trainer, _module: pl.LightningModule, loss: Tensor) -> None:
        self._loss = loss.detach()

    def on_before_optimizer_step(self, trainer: pl.Trainer, module: pl.LightningModule, *_: object) -> None:
        assert self._loss is not None
        gradients = [one.grad for one in module.parameters() if one.grad is not None]
        largest = torch.stack(torch._foreach_norm(gradients, torch.inf)).max()
        values = torch.stack([self._loss.float(), largest.float()])
        self._pending.append(_to_host(trainer.global_step + 1, values))
        while self._pending and ((arrived := self._pending[0].arrived) is None or arrived.query()):
            _check(trainer, self._pending.pop(0))

    def on_save_checkpoint(self, trainer: pl.Trainer, module: pl.LightningModule, *_: object) -> None:
        for one in self._pending:
            if one.arrived is not None:
                one.arrived.synchronize()
            _check(trainer, one)
        self._pending = []
        values = [one for one in module.state_dict().values() if one.is_floating_point()]
        if not torch.stack(torch._foreach_norm(values, torch.inf)).isfinite().all():
            _diverged(trainer, "a weight or statistic", "not finite", trainer.global_step)


def _to_host(iteration: int, values: Tensor) -> _Values:
    if values.device.type != "cuda":
        return _Values(iteration, values, None)
    on_host = torch.empty(values.shape, pin_memory=True).copy_(values, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record()
    return _Values(iteration, on_host, arrived)


def _check(trainer: pl.Trainer, one: _Values) -> None:
    loss, gradient = one.values.numpy().tolist()  # torch's own tolist might wait for a device
    for name, value in (("the loss", loss), ("the largest gradient", gradient)):
        if not math.isfinite(value):
            _diverged(trainer, name, value, one.iteration)


def _diverged(trainer: Any, name: str, value: object, iteration: int) -> NoReturn:
    raise Diverged(
        f"training diverged: {name} is {value} in iteration {iteration}; lower "
        "recipe.optimiser.learning_rate, or train with trainer.precision=32-true. The tracklets of this "
        f"iteration: {', '.join(trainer.datamodule.tracklets_of(iteration))}"
    )
