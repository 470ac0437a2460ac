"""Shapes that bend with a moving body: discs, limbs and cloth, kept for all frames of a tracklet at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64
from PIL import ImageDraw

from reid_cosam.data.synthetic.body import Series, Track
from reid_cosam.data.synthetic.people import Colour


def tint(colour: Colour, factor: float) -> Colour:
    """The colour in more or less light."""
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Cloth:
    """A garment around an upright axis from `top` to `bottom`, with half-widths at depths 0 (top) to 1.

    A patch of it is addressed by u in [-1, 1] from the left edge to the right and v in [0, 1] downwards.
    """

    top: Track
    bottom: Track
    depths: tuple[float, ...]
    widths: Float64[np.ndarray, "t k"]

    def _edge(self, u: float, v: float) -> Track:
        knot = int(np.searchsorted(self.depths, v, side="right")) - 1
        knot = min(max(knot, 0), len(self.depths) - 2)
        low, high = self.depths[knot], self.depths[knot + 1]
        share = (v - low) / (high - low)
        half = self.widths[:, knot] * (1 - share) + self.widths[:, knot + 1] * share
        point = self.top * (1 - v) + self.bottom * v
        point[:, 0] += u * half
        return point

    def patch(self, left: float, right: float, upper: float = 0.0, lower: float = 1.0) -> list[Track]:
        """Corners of the part between the given u and v, with the garment's knots in between."""
        between = [v for v in self.depths if upper < v < lower]
        levels = [upper, *between, lower]
        return [self._edge(left, v) for v in levels] + [self._edge(right, v) for v in reversed(levels)]


@dataclass(slots=True)
class Figure:
    """Shapes from back to front, in body heights around the feet."""

    points: list[Float64[np.ndarray, "t n 2"]] = field(default_factory=list)
    fills: list[Colour] = field(default_factory=list)
    round: list[bool] = field(default_factory=list)

    def polygon(self, corners: Sequence[Track], fill: Colour) -> None:
        self._add(np.stack(list(corners), axis=1), fill, False)

    def disc(self, centre: Track, across: float, down: float, fill: Colour) -> None:
        reach = np.array([across, down])
        self._add(np.stack([centre - reach, centre + reach], axis=1), fill, True)

    def limb(self, start: Track, end: Track, radii: tuple[float, float], fill: Colour) -> None:
        """A tapering bone with a round far end."""
        bone = end - start
        length = np.maximum(np.hypot(bone[:, 0], bone[:, 1]), 1e-6)
        normal = np.stack([-bone[:, 1] / length, bone[:, 0] / length], axis=1)
        near, far = normal * radii[0], normal * radii[1]
        self.polygon([start + near, end + far, end - far, start - near], fill)
        self.disc(end, radii[1], radii[1], fill)

    def _add(self, points: Float64[np.ndarray, "t n 2"], fill: Colour, is_round: bool) -> None:
        self.points.append(points)
        self.fills.append(fill)
        self.round.append(is_round)

    def on_canvas(
        self, height: float | Float64[np.ndarray, "t 1 1"], feet: Float64[np.ndarray, "t 2"]
    ) -> "CanvasFigure":
        """Places the figure: `height` pixels tall, standing at `feet` `[t, (x, y)]` in each frame."""
        counts = [points.shape[1] for points in self.points]
        # Whole pixels hide the last digits in which the sines of two machines may differ.
        joined = np.rint(np.concatenate(self.points, axis=1) * height + feet[:, None]).astype(np.int64)
        return CanvasFigure(joined.reshape(len(joined), -1), counts, self.fills, self.round)


@dataclass(frozen=True, slots=True)
class CanvasFigure:
    """A figure in whole pixels, ready to draw frame by frame."""

    coordinates: Int64[np.ndarray, "t c"]
    counts: list[int]
    fills: list[Colour]
    round: list[bool]

    def draw(self, draw: ImageDraw.ImageDraw, frame: int) -> None:
        row = self.coordinates[frame].tolist()
        start = 0
        for count, fill, is_round in zip(self.counts, self.fills, self.round, strict=True):
            stop = start + 2 * count
            if is_round:
                draw.ellipse(row[start:stop], fill=fill)
            else:
                draw.polygon(row[start:stop], fill=fill)
            start = stop


def dome(centre: Track, across: float, down: float, corners: int = 7) -> list[Track]:
    """The upper half of an ellipse."""
    angles = np.linspace(np.pi, 2 * np.pi, corners)
    return [centre + np.array([across * np.cos(a), down * np.sin(a)]) for a in angles]


def shifted(track: Track, right: float | Series, down: float = 0.0) -> Track:
    """The track moved in the image."""
    moved: Track = track + np.array([0.0, down])
    moved[:, 0] += right
    return moved
