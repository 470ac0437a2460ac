"""Training stops at the first number that is not finite, and says where."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from reid_cosam.training.finite import Diverged, FiniteCheck


class Module(pl.LightningModule):
    """One weight, and a statistic."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))


def trainer() -> Mock:
    data = Mock(tracklets_of=lambda iteration: [f"a/{iteration}.jpg"])
    return Mock(spec=pl.Trainer, global_step=6, datamodule=data)


def step(check: FiniteCheck, module: Module, loss: float, gradient: float) -> None:
    module.weight.grad = torch.tensor([0.0, gradient])
    check.on_before_backward(trainer(), module, torch.tensor(loss))
    check.on_before_optimizer_step(trainer(), module, Mock(spec=torch.optim.Adam))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize(
    ("name", "values"),
    [("the loss", lambda bad: (bad, 1.0)), ("the largest gradient", lambda bad: (1.0, bad))],
)
def test_a_loss_or_gradient_that_is_not_finite_is_named_before_the_step(
    name: str, values: Callable[[float], tuple[float, float]], bad: float
) -> None:
    check, module = FiniteCheck(), Module()
    step(check, module, 1.0, 1e30)

    with pytest.raises(Diverged, match=rf"{name} is \S+ in iteration 7; lower .* iteration: a/7\.jpg"):
        step(check, module, *values(bad))


@pytest.mark.parametrize("name", ["weight", "mean"])
def test_what_a_step_has_ruined_is_in_no_checkpoint(name: str) -> None:
    check, module = FiniteCheck(), Module()
    checkpoint: dict[str, Any] = {}
    check.on_save_checkpoint(trainer(), module, checkpoint)
    with torch.no_grad():
        getattr(module, name)[1] = torch.nan

    with pytest.raises(Diverged, match="a weight or statistic is not finite in iteration 6"):
        check.on_save_checkpoint(trainer(), module, checkpoint)
