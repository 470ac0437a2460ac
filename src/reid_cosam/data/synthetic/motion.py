"""What happens in one tracklet: where the person goes, how the crop follows, what comes in between."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from reid_cosam.data.synthetic.body import Series, View
from reid_cosam.data.synthetic.occluders import OBJECTS
from reid_cosam.data.synthetic.sizes import SyntheticSpec

OCCLUDED_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Motion:
    """Lengths are in crop heights; `feet` is `[t, (x, y)]` from the crop's upper left corner."""

    view: View
    phase: Series
    swing: float
    stature: float
    feet: Float64[np.ndarray, "t 2"]
    travel: Series
    zoom: float
    place: float
    exposure: float
    occluder: str | None

    def __len__(self) -> int:
        return len(self.phase)


def draw_motion(rng: np.random.Generator, spec: SyntheticSpec) -> Motion:
    """Draws a tracklet's course; the order of the draws is part of the renderer's version."""
    length = int(rng.integers(spec.frames[0], spec.frames[1] + 1))
    view = View(_draw_yaw(rng))
    step = 2 * np.pi / rng.uniform(9.0, 14.0)
    phase = rng.uniform(0, 2 * np.pi) + step * np.arange(length)
    stature = float(rng.uniform(0.68, 0.97))
    swing = float(rng.uniform(0.75, 1.15))
    # A stride covers about 0.8 body heights; towards the camera little of it is seen as a shift.
    stride = 0.8 * swing * stature * view.along * step / (2 * np.pi)
    wander = np.cumsum(rng.uniform(-1, 1, (length, 2)), axis=0) * 0.006
    jitter = rng.uniform(-1, 1, (length, 2)) * 0.008
    centre = np.array([0.25 + rng.uniform(-0.035, 0.035), _ground(rng, stature)])
    feet = centre + np.clip(wander, -0.03, 0.03) + jitter
    kinds = (*OBJECTS, "person", "person", "person")
    kind = kinds[int(rng.integers(len(kinds)))]
    return Motion(
        view=view,
        phase=phase,
        swing=swing,
        stature=stature,
        feet=feet,
        # The crop follows the person: when the person slips to the right in it, so does the background.
        travel=stride * np.arange(length) - (feet[:, 0] - feet[0, 0]),
        zoom=float(rng.uniform(0.82, 1.25)),
        place=float(rng.random()),
        exposure=float(rng.uniform(0.84, 1.12)),
        occluder=kind if rng.random() < OCCLUDED_SHARE else None,
    )


def _draw_yaw(rng: np.random.Generator) -> float:
    """Mostly across the image, as cameras beside a pavement see people; else towards or away."""
    direction = int(np.searchsorted([0.3, 0.6, 0.8], rng.random(), side="right"))
    spread = (0.4, 0.4, 0.6, 0.6)[direction]
    return float((0.0, np.pi, np.pi / 2, -np.pi / 2)[direction] + rng.uniform(-spread, spread))


def _ground(rng: np.random.Generator, stature: float) -> float:
    """Height of the feet in the crop, with the free space shared at random above and below."""
    spare = 1.0 - stature * 1.03
    return float(1.0 - 0.02 - max(spare, -0.03) * rng.uniform(0.1, 0.7))
