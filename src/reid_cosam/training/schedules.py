"""Learning-rate schedules: the factor on the rate as a pure function of the iteration.

So a resumed run is where an unbroken one would be, and one that is prolonged follows its new length.
"""

import math
from collections.abc import Callable

_WARM_UP = 0.3  # share of the iterations
_START, _END = 1 / 25, 1 / 25 / 1e4  # the shape and bounds of torch's OneCycleLR


def steps(every: int, factor: float) -> Callable[[int], float]:
    """The rate times `factor` after every `every` iterations (paper, section 6.2)."""
    return lambda iteration: float(factor ** (iteration // every))


def one_cycle(total: int) -> Callable[[int], float]:
    """Cosine warm-up to the full rate over 0.3 of `total` iterations, then cosine annealing to nearly 0."""
    peak = max(_WARM_UP * total - 1, 1.0)

    def factor(iteration: int) -> float:
        if iteration <= peak:
            return _cosine(_START, 1.0, iteration / peak)
        return _cosine(1.0, _END, min((iteration - peak) / max(total - 1 - peak, 1.0), 1.0))

    return factor


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
