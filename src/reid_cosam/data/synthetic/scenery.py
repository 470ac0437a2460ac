"""Things that stand in a scene or pass in front of the camera, in colours as loud as clothes."""

import numpy as np
from PIL import ImageDraw

from reid_cosam.data.synthetic.figure import tint
from reid_cosam.data.synthetic.people import Colour

VIVID: tuple[Colour, ...] = (
    (190, 40, 44),
    (36, 84, 168),
    (228, 180, 44),
    (40, 128, 76),
    (232, 232, 228),
    (30, 30, 34),
    (206, 100, 150),
)
LEAVES: tuple[Colour, ...] = ((58, 92, 46), (84, 116, 52), (42, 72, 48), (120, 118, 48))


def choose(rng: np.random.Generator, palette: tuple[Colour, ...]) -> Colour:
    return palette[int(rng.integers(len(palette)))]


def paint_tree(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: int, horizon: int) -> None:
    trunk = max(2, int(horizon * rng.uniform(0.02, 0.05)))
    draw.rectangle((x - trunk, int(horizon * 0.3), x + trunk, horizon), fill=(76, 58, 44))
    leaf = choose(rng, LEAVES)
    for _ in range(9):
        reach = horizon * rng.uniform(0.08, 0.2)
        cx, cy = x + horizon * rng.uniform(-0.25, 0.25), horizon * rng.uniform(0.05, 0.55)
        box = (int(cx - reach), int(cy - reach), int(cx + reach), int(cy + reach))
        draw.ellipse(box, fill=tint(leaf, rng.uniform(0.65, 1.3)))


def paint_object(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int, unit: int
) -> None:
    kind = int(rng.integers(4))
    x, colour = int(rng.uniform(0, width)), choose(rng, VIVID)
    foot = horizon + int(0.06 * unit)
    if kind == 0:
        paint_car(draw, (x, foot - int(0.34 * unit), x + int(0.95 * unit), foot), colour)
    elif kind == 1:
        draw.rectangle((x, 0, x + max(2, unit // 40), foot), fill=(62, 64, 66))
    elif kind == 2:
        tall, wide = int(unit * rng.uniform(0.25, 0.5)), int(unit * rng.uniform(0.14, 0.4))
        top = int(horizon - tall * 1.2)
        draw.rectangle((x, top, x + wide, top + tall), fill=colour, outline=(40, 40, 40))
        inner = (x + wide // 5, top + tall // 5, x + wide // 2, top + tall // 2)
        draw.rectangle(inner, fill=choose(rng, VIVID))
    else:
        for _ in range(7):
            reach = int(unit * rng.uniform(0.06, 0.12))
            cx, cy = x + int(unit * rng.uniform(-0.25, 0.25)), foot - int(unit * rng.uniform(0.0, 0.15))
            draw.ellipse(
                (cx - reach, cy - reach, cx + reach, cy + reach), fill=tint(LEAVES[0], rng.uniform(0.8, 1.4))
            )


def paint_car(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], colour: Colour) -> None:
    """A saloon car in the box, seen from the side."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    roof = [(0.18, 0.45), (0.3, 0.02), (0.68, 0.02), (0.84, 0.45)]
    glass = [(0.24, 0.43), (0.33, 0.1), (0.65, 0.1), (0.77, 0.43)]
    draw.polygon([(left + int(x * wide), top + int(y * tall)) for x, y in roof], fill=tint(colour, 0.9))
    draw.polygon([(left + int(x * wide), top + int(y * tall)) for x, y in glass], fill=(64, 78, 90))
    draw.rounded_rectangle(
        (left, top + int(0.42 * tall), right, bottom - int(0.14 * tall)),
        radius=max(1, tall // 8),
        fill=colour,
    )
    wheel = int(0.19 * tall)
    for share in (0.2, 0.8):
        x, y = left + int(share * wide), bottom - wheel
        draw.ellipse((x - wheel, y - wheel, x + wheel, y + wheel), fill=(24, 24, 26))
        draw.ellipse((x - wheel // 2, y - wheel // 2, x + wheel // 2, y + wheel // 2), fill=(150, 150, 154))
