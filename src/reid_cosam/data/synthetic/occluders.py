"""Things between the camera and the walker: drawn once a tracklet, moved from frame to frame."""

import numpy as np
from PIL import Image, ImageDraw

from reid_cosam.data.synthetic.figure import tint
from reid_cosam.data.synthetic.people import Colour
from reid_cosam.data.synthetic.scenery import LEAVES, VIVID, paint_car

OBJECTS = ("pole", "hedge", "car", "bicycle", "bin", "sign")


def draw_object(kind: str, rng: np.random.Generator, height: int) -> Image.Image:
    """An RGBA sprite for a canvas of that height; its bottom edge belongs at the canvas's bottom edge."""
    colour = VIVID[int(rng.integers(len(VIVID)))]
    wide, tall = _size(kind, rng)
    sprite = Image.new("RGBA", (round(wide * height), round(tall * height)))
    draw = ImageDraw.Draw(sprite)
    width, depth = sprite.size
    if kind == "pole":
        draw.rectangle((0, 0, width, depth), fill=tint((92, 94, 98), rng.uniform(0.6, 1.3)))
        draw.rectangle((int(width * 0.65), 0, width, depth), fill=(60, 60, 64))
    elif kind == "hedge":
        _draw_hedge(draw, rng, width, depth)
    elif kind == "car":
        paint_car(draw, (0, 0, width - 1, depth - 1), colour)
    elif kind == "bicycle":
        _draw_bicycle(draw, colour, width, depth)
    elif kind == "bin":
        draw.rounded_rectangle(
            (0, 0, width - 1, depth + 9), radius=max(1, width // 8), fill=tint(colour, 0.8)
        )
        draw.rectangle((0, int(depth * 0.12), width, int(depth * 0.2)), fill=tint(colour, 0.5))
    else:
        draw.rectangle((int(width * 0.45), 0, int(width * 0.55), depth), fill=(110, 110, 112))
        draw.rectangle((0, 0, width, int(depth * 0.32)), fill=colour)
        draw.rectangle(
            (width // 6, int(depth * 0.08), width - width // 6, int(depth * 0.2)), fill=(236, 236, 232)
        )
    return sprite


def _size(kind: str, rng: np.random.Generator) -> tuple[float, float]:
    wide, tall = {
        "pole": (0.07, 1.0),
        "hedge": (0.5, 0.42),
        "car": (0.95, 0.4),
        "bicycle": (0.58, 0.42),
        "bin": (0.2, 0.4),
        "sign": (0.26, 0.9),
    }[kind]
    return wide * float(rng.uniform(0.8, 1.25)), tall * float(rng.uniform(0.85, 1.1))


def _draw_hedge(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, depth: int) -> None:
    leaf = LEAVES[int(rng.integers(len(LEAVES)))]
    draw.rectangle((width // 10, depth // 3, width - width // 10, depth), fill=tint(leaf, 0.8))
    for _ in range(26):
        reach = int(depth * rng.uniform(0.12, 0.26))
        x, y = int(rng.uniform(reach, width - reach)), int(rng.uniform(reach, depth))
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=tint(leaf, rng.uniform(0.6, 1.3)))


def _draw_bicycle(draw: ImageDraw.ImageDraw, colour: Colour, width: int, depth: int) -> None:
    wheel, line = int(depth * 0.34), max(2, depth // 16)
    low = depth - wheel - 1
    rear, front = (wheel + 1, low), (width - wheel - 2, low)
    crank, seat, bar = (int(width * 0.45), low), (int(width * 0.36), int(depth * 0.22)), (int(width * 0.7), 4)
    for x, y in (rear, front):
        draw.ellipse((x - wheel, y - wheel, x + wheel, y + wheel), outline=(28, 28, 30), width=line)
    for start, end in ((rear, crank), (rear, seat), (crank, seat), (crank, bar), (seat, bar), (bar, front)):
        draw.line((*start, *end), fill=colour, width=line)
    saddle = (seat[0] - depth // 8, seat[1] - line, seat[0] + depth // 8, seat[1] + line)
    draw.rectangle(saddle, fill=(28, 28, 30))
    draw.line((bar[0] - depth // 10, bar[1], bar[0] + depth // 8, bar[1]), fill=(28, 28, 30), width=line)
