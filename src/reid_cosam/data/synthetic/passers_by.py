"""What passes between the scene, the walker and the camera during a tracklet: a thing or another person."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from reid_cosam.data.synthetic.body import View
from reid_cosam.data.synthetic.motion import Motion
from reid_cosam.data.synthetic.occluders import draw_object
from reid_cosam.data.synthetic.people import draw_look
from reid_cosam.data.synthetic.walker import draw_walker


@dataclass(frozen=True, slots=True)
class Layer:
    """Something that moves over the canvas: sprites `[t]` and where their upper left corners are."""

    sprites: list[Image.Image]
    places: list[tuple[int, int]]


def passers_by(
    motion: Motion, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Layer | None, Layer | None]:
    """What passes behind and in front of the person."""
    if motion.occluder is None:
        return None, None
    if motion.occluder == "person":
        layer = _second_person(motion, size, rng)
        return (layer, None) if rng.random() < 0.25 else (None, layer)
    sprite = draw_object(motion.occluder, rng, size[1])
    # What stands nearer than the scene passes faster than it.
    pace = -np.sign(motion.view.along) * abs(motion.travel[-1] - motion.travel[0]) / len(motion) * 1.3
    lefts = _crossing(len(motion), size, sprite.width, float(pace) * size[1], rng)
    top = size[1] - sprite.height + round(float(rng.uniform(0.0, 0.06)) * size[1])
    return None, Layer([sprite] * len(motion), [(left, top) for left in lefts])


def _second_person(motion: Motion, size: tuple[int, int], rng: np.random.Generator) -> Layer:
    look = draw_look(rng)
    length, wide = len(motion), round(0.75 * size[1])
    direction = -1.0 if motion.view.along > 0 else 1.0
    view = View(float((0.0 if direction > 0 else np.pi) + rng.uniform(-0.5, 0.5)))
    phase = rng.uniform(0, 2 * np.pi) + 0.55 * np.arange(length)
    stature = motion.stature * float(rng.uniform(0.95, 1.1)) * size[1]
    ground = size[1] * (float(motion.feet[:, 1].mean()) + float(rng.uniform(0.0, 0.05)))
    feet = np.tile([wide / 2, ground], (length, 1))
    figure = draw_walker(look, view, phase, 1.0).on_canvas(stature, feet)
    sprites = []
    for frame in range(length):
        sprite = Image.new("RGBA", (wide, size[1]))
        figure.draw(ImageDraw.Draw(sprite), frame)
        sprites.append(sprite)
    lefts = _crossing(length, size, round(0.3 * size[1]), direction * 0.1 * size[1], rng)
    margin = round(0.225 * size[1])
    return Layer(sprites, [(left - margin, 0) for left in lefts])


def _crossing(
    length: int, size: tuple[int, int], width: int, pace: float, rng: np.random.Generator
) -> list[int]:
    """Left edges of something `width` wide that passes the middle of the canvas during the tracklet."""
    # Fast enough to leave part of the tracklet free, even where the person comes straight on.
    slowest = (0.6 * size[0] + width) / max(length, 2)
    pace = float(np.copysign(max(abs(pace), slowest), pace if pace else 1.0))
    middle = rng.uniform(0.2, 0.8) * (length - 1)
    centres = size[0] / 2 + pace * (np.arange(length) - middle)
    return [int(x) for x in np.rint(centres - width / 2)]
