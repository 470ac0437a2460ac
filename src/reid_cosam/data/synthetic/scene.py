"""What stands behind the walkers of one camera: a wide street, park or square that everyone crosses."""

import numpy as np
from PIL import Image, ImageDraw

from reid_cosam.data.synthetic.body import View
from reid_cosam.data.synthetic.figure import tint
from reid_cosam.data.synthetic.people import Colour, draw_look
from reid_cosam.data.synthetic.scenery import VIVID, choose, paint_object, paint_tree
from reid_cosam.data.synthetic.walker import draw_walker

WIDTH, HEIGHT, GROUND = 5.0, 1.4, 0.62
"""Scene size in crop heights, and where its ground begins as a share of its height."""

WALLS: tuple[Colour, ...] = (
    (150, 96, 78),
    (196, 180, 150),
    (128, 134, 142),
    (222, 214, 200),
    (96, 104, 112),
    (176, 140, 110),
)
GROUNDS: tuple[Colour, ...] = (
    (132, 130, 126),
    (164, 152, 136),
    (104, 108, 112),
    (150, 120, 98),
    (98, 120, 78),
)


def paint_scene(rng: np.random.Generator, crop_height: int) -> Image.Image:
    """A scene for crops of that height (pixels)."""
    width, height = round(WIDTH * crop_height), round(HEIGHT * crop_height)
    horizon = round(GROUND * height)
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    style = int(rng.integers(3))
    if style == 1:
        _paint_park(draw, rng, width, horizon)
    else:
        _paint_street(draw, rng, width, horizon, shops=style == 0)
    _paint_ground(draw, rng, width, horizon, height)
    for _ in range(int(rng.integers(5, 9))):
        paint_object(draw, rng, width, horizon, crop_height)
    for _ in range(int(rng.integers(2, 5))):
        _paint_bystander(draw, rng, width, horizon, crop_height)
    return _textured(image, rng)


def _paint_street(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int, shops: bool
) -> None:
    left = 0
    while left < width:
        right = left + int(horizon * rng.uniform(0.45, 1.3))
        wall = tint(choose(rng, WALLS), rng.uniform(0.7, 1.1))
        draw.rectangle((left, 0, right, horizon), fill=wall)
        _paint_windows(draw, rng, (left, right, horizon), wall)
        if shops and rng.random() < 0.7:
            _paint_shop(draw, rng, left, right, horizon)
        left = right


def _paint_windows(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, span: tuple[int, int, int], wall: Colour
) -> None:
    left, right, horizon = span
    step, tall = int(horizon * rng.uniform(0.14, 0.3)), int(horizon * rng.uniform(0.16, 0.36))
    glass = tint((110, 134, 150), rng.uniform(0.4, 1.3))
    for x in range(left + step // 4, right - step // 2, step):
        for y in range(int(horizon * 0.05), horizon - tall, int(tall * 1.35)):
            draw.rectangle((x, y, x + int(step * 0.6), y + tall), fill=glass, outline=tint(wall, 0.6))


def _paint_shop(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, left: int, right: int, horizon: int
) -> None:
    sign, goods = choose(rng, VIVID), choose(rng, VIVID)
    top = int(horizon * rng.uniform(0.3, 0.5))
    draw.rectangle((left, top, right, horizon), fill=(58, 62, 70))
    stripe = max(4, (right - left) // 9)
    for number, x in enumerate(range(left, right, stripe)):
        colour = sign if number % 2 else tint(sign, 0.72)
        draw.rectangle((x, top, min(x + stripe, right), top + int(horizon * 0.13)), fill=colour)
    for x in range(left + stripe, right - stripe, 2 * stripe):
        low = int(horizon * rng.uniform(0.62, 0.85))
        draw.rectangle((x, low, x + stripe, horizon - 2), fill=tint(goods, rng.uniform(0.6, 1.1)))


def _paint_park(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int) -> None:
    for y in range(0, horizon, 4):
        share = y / horizon
        sky = (int(168 + 40 * share), int(192 + 24 * share), int(216 + 4 * share))
        draw.rectangle((0, y, width, y + 4), fill=sky)
    for _ in range(int(rng.integers(14, 24))):
        paint_tree(draw, rng, int(rng.uniform(0, width)), horizon)
    if rng.random() < 0.6:
        fence = tint(choose(rng, VIVID), 0.8)
        for x in range(0, width, max(5, horizon // 14)):
            draw.rectangle((x, int(horizon * 0.74), x + max(1, horizon // 50), horizon), fill=fence)
        draw.rectangle((0, int(horizon * 0.77), width, int(horizon * 0.8)), fill=fence)


def _paint_ground(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int, height: int
) -> None:
    ground = choose(rng, GROUNDS)
    draw.rectangle((0, horizon, width, height), fill=ground)
    kerb = horizon + int((height - horizon) * rng.uniform(0.1, 0.3))
    draw.rectangle((0, kerb, width, kerb + max(2, height // 70)), fill=tint(ground, 1.3))
    seam = tint(ground, rng.uniform(0.75, 0.9))
    slab = int(height * rng.uniform(0.12, 0.3))
    slant = int(height * rng.uniform(-0.2, 0.2))
    for x in range(-slab, width + slab, slab):
        draw.line((x, kerb, x + slant, height), fill=seam, width=max(1, height // 180))
    for depth in (0.25, 0.6):
        y = kerb + int((height - kerb) * depth)
        draw.line((0, y, width, y), fill=seam, width=max(1, height // 180))


def _paint_bystander(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int, unit: int
) -> None:
    """Someone who stands there in every tracklet of this camera, dressed as the identities are."""
    figure = draw_walker(draw_look(rng), View(float(rng.uniform(0, 2 * np.pi))), np.zeros(1), 0.3)
    feet = np.array([[rng.uniform(0, width), horizon + 0.08 * unit]])
    figure.on_canvas(unit * float(rng.uniform(0.5, 0.62)), feet).draw(draw, 0)


def _textured(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Large stains and fine grain, so that no surface is flat."""
    width, height = image.size
    pixels = np.asarray(image).astype(np.int16)
    coarse = Image.fromarray(rng.integers(0, 256, (height // 24 + 2, width // 24 + 2), dtype=np.uint8))
    stains = np.asarray(coarse.resize((width, height), Image.Resampling.BILINEAR)).astype(np.int16)
    grain = rng.integers(-12, 13, (height, width), dtype=np.int16)
    pixels += ((stains - 128) // 9 + grain)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
