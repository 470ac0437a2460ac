"""Learning rates against torch's own schedulers."""

from collections.abc import Callable

import pytest
import torch
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, StepLR

from reid_cosam.training.optimisation import adam, one_cycle, steps


def rates(make: Callable[[torch.optim.Optimizer], LRScheduler], iterations: int) -> list[float]:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = adam([weight], learning_rate=0.5, weight_decay=0.0, betas=(0.9, 0.999))
    weight.grad = torch.zeros(1)
    scheduler = make(optimiser)
    seen = []
    for _ in range(iterations):
        seen.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        scheduler.step()
    return seen


def test_steps_equal_step_lr() -> None:
    expected = rates(lambda optimiser: StepLR(optimiser, 3, 0.1), 10)

    assert rates(lambda optimiser: steps(optimiser, 3, 0.1), 10) == pytest.approx(expected)


def test_one_cycle_equals_one_cycle_lr() -> None:
    expected = rates(lambda optimiser: OneCycleLR(optimiser, 0.5, total_steps=50, cycle_momentum=False), 49)

    assert rates(lambda optimiser: one_cycle(optimiser, 50), 49) == pytest.approx(expected)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_one_cycle_of_a_few_iterations_stays_between_its_bounds(total: int) -> None:
    assert all(0 < rate <= 0.5 for rate in rates(lambda optimiser: one_cycle(optimiser, total), total + 2))
