"""Learning-rate factors against torch's own schedulers."""

import pytest
import torch

from reid_cosam.training.schedules import one_cycle, steps


def rates(make: object, iterations: int) -> list[float]:
    optimiser = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = make(optimiser)  # type: ignore[operator]
    seen = []
    for _ in range(iterations):
        seen.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        scheduler.step()
    return seen


def test_steps_equal_step_lr() -> None:
    expected = rates(lambda optimiser: torch.optim.lr_scheduler.StepLR(optimiser, 3, 0.1), 10)

    assert [0.5 * steps(3, 0.1)(iteration) for iteration in range(10)] == pytest.approx(expected)


def test_one_cycle_equals_one_cycle_lr() -> None:
    expected = rates(
        lambda optimiser: torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.5, total_steps=50), 49
    )

    assert [0.5 * one_cycle(50)(iteration) for iteration in range(49)] == pytest.approx(expected)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_one_cycle_of_a_few_iterations_stays_between_its_bounds(total: int) -> None:
    assert all(0 < one_cycle(total)(iteration) <= 1 for iteration in range(total + 2))
