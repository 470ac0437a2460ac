"""What a calibration holds: error rates with their 95 % confidence intervals, and what footage looks like."""

from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from reid_cosam.metrics.bootstrap import Interval, OpenSet, Rates
from reid_cosam.settings.base import Probability, Settings


class Measured(Settings):
    """A value and its 95 % confidence interval, by a bootstrap over people."""

    value: Probability
    low: Probability
    high: Probability

    @classmethod
    def of(cls, interval: Interval | None) -> "Measured | None":
        return None if interval is None else cls(**interval._asdict())


class RateCurve(Settings):
    """A rate at each of the ascending thresholds and its 95 % confidence interval."""

    thresholds: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=2)
    value: tuple[Probability, ...]
    low: tuple[Probability, ...]
    high: tuple[Probability, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> "RateCurve":
        if (np.diff(self.thresholds) <= 0).any():
            raise ValueError("thresholds do not rise")
        for part in (self.value, self.low, self.high):
            if len(part) != len(self.thresholds):
                raise ValueError(f"there are {len(part)} rates at {len(self.thresholds)} thresholds")
            if (self._sign * np.diff(part) < 0).any():
                raise ValueError("a rate turns back as the threshold rises")
        if max(self.value) == 0:
            raise ValueError("the rate is 0 at every threshold")
        return self

    @classmethod
    def of(cls, grid: Float[np.ndarray, " k"], rates: Rates) -> "RateCurve":
        """With six digits of each rate."""
        value, low, high = (tuple(float(f"{rate:.6g}") for rate in part) for part in rates)
        return cls(thresholds=tuple(grid.tolist()), value=value, low=low, high=high)

    @property
    def _sign(self) -> int:
        return 1 if self.value[-1] >= self.value[0] else -1

    def at(self, threshold: float) -> Measured:
        """The rate at any threshold; between two that were measured, limits are those of the worse one."""
        place = int(np.searchsorted(self.thresholds, threshold, side="left" if self._sign > 0 else "right"))
        worse = place if self._sign > 0 else place - 1
        value = float(np.interp(threshold, self.thresholds, self.value))
        low = float(np.interp(threshold, self.thresholds, self.low))
        if not 0 <= worse < len(self.thresholds):  # beyond the last different or before the first same pair
            return Measured(value=self.value[worse > 0 and -1], low=low, high=1.0)
        return Measured(value=value, low=min(low, value), high=max(self.high[worse], value))


class OpenSetScores(Settings):
    """EER, TPR by FPR and DIR by FAR as `metrics.openset` defines them; None where not measurable."""

    people: int
    same_pairs: int
    different_pairs: int
    eer: Measured | None
    tpr_at_fpr: dict[str, Measured | None]
    dir_at_far: dict[str, Measured | None]

    @classmethod
    def of(cls, scored: OpenSet) -> "OpenSetScores":
        return cls(
            people=scored.people,
            same_pairs=scored.same_pairs,
            different_pairs=scored.different_pairs,
            eer=Measured.of(scored.equal_error_rate),
            tpr_at_fpr={f"{rate:g}": Measured.of(one) for rate, one in scored.true_positive_rates.items()},
            dir_at_far={f"{rate:g}": Measured.of(one) for rate, one in scored.identification_rates.items()},
        )


class WithinCameras(Settings):
    """Distances between different tracklets of one camera, whoever they show: what footage looks like.

    Attributes:
        quantiles: at evenly spaced shares from 0 to 1.
        tracklets: how many they were measured on.
        spread: largest difference between two distributions of halves of the people, 99 % of the time, times
            the square root of the tracklets in a half: what chance makes of it.
        between_cameras: largest difference between a camera and the others; 0 where there is one camera.
    """

    quantiles: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=2)
    tracklets: int = Field(ge=2)
    spread: float = Field(ge=0)
    between_cameras: Probability
