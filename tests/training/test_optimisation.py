"""Learning rates against torch's own schedulers."""

import math
from collections.abc import Callable

import pytest
import torch
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, StepLR

from reid_cosam.training.optimisation import adam, one_cycle, steps, warm_up_cosine


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


def test_warm_up_is_linear_and_the_cosine_ends_near_zero() -> None:
    found = rates(lambda optimiser: warm_up_cosine(optimiser, 10, warm_up=0.4), 10)

    # 6 iterations after the warm-up, a seventh would be at 0: 0.5 * (1 + cos(i * pi / 7)) / 2
    falling = [0.25 * (1 + math.cos(i * math.pi / 7)) for i in range(1, 7)]
    assert found == pytest.approx([0.125, 0.25, 0.375, 0.5, *falling])


@pytest.mark.parametrize("total", [1, 2, 3])
def test_one_cycle_of_a_few_iterations_stays_between_its_bounds(total: int) -> None:
    assert all(0 < rate <= 0.5 for rate in rates(lambda optimiser: one_cycle(optimiser, total), total + 2))
