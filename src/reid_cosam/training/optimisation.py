"""The optimiser and the learning-rate schedules of the recipes.

The schedules are factors on the rate, each a pure function of the iteration. So a resumed run is where an
unbroken one would be, and a prolonged one follows its new length; torch's `StepLR` multiplies the last rate
that it set, and its `OneCycleLR` keeps the length that it began with.
"""

import math
from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge, Gt, Interval
from torch import nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR

_WARM_UP = 0.3  # share of the iterations
_START, _END = 1 / 25, 1 / 25 / 1e4  # the shape and bounds of torch's OneCycleLR

Beta = Annotated[float, Interval(ge=0, lt=1)]


def adam(
    params: Iterable[nn.Parameter],
    learning_rate: Annotated[float, Gt(0)],
    weight_decay: Annotated[float, Ge(0)],
    betas: tuple[Beta, Beta],
) -> Adam:
    """Adam in one fused pass over the parameters (paper, section 6.2)."""
    return Adam(params, learning_rate, betas, weight_decay=weight_decay, fused=True)


def steps(
    optimizer: Optimizer,
    step_every: Annotated[int, Interval(ge=1, lt=2**31)],
    factor: Annotated[float, Gt(0)],
) -> LambdaLR:
    """The rate times `factor` after every `step_every` iterations (paper, section 6.2)."""
    return LambdaLR(optimizer, lambda iteration: float(factor ** (iteration // step_every)))


def one_cycle(optimizer: Optimizer, max_steps: int) -> LambdaLR:
    """Cosine warm-up to the full rate over 0.3 of `max_steps`, then cosine annealing to nearly 0."""
    peak = max(_WARM_UP * max_steps - 1, 1.0)

    def factor(iteration: int) -> float:
        if iteration <= peak:
            return _cosine(_START, 1.0, iteration / peak)
        return _cosine(1.0, _END, min((iteration - peak) / max(max_steps - 1 - peak, 1.0), 1.0))

    return LambdaLR(optimizer, factor)


def warm_up_cosine(
    optimizer: Optimizer, max_steps: int, warm_up: Annotated[float, Interval(ge=0, lt=1)]
) -> LambdaLR:
    """Linear warm-up over the share `warm_up` of `max_steps`, then cosine annealing to nearly 0."""
    rise = max(round(warm_up * max_steps), 1)

    def factor(iteration: int) -> float:
        if iteration < rise:
            return (iteration + 1) / rise
        return _cosine(1.0, 0.0, min((iteration + 1 - rise) / (max_steps + 1 - rise), 1.0))

    return LambdaLR(optimizer, factor)


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
