"""Draws the frames of one camera of the footage: its scene, the people in it, and where they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from reid_cosam.data.synthetic.body import View
from reid_cosam.data.synthetic.cameras import Camera, make_camera
from reid_cosam.data.synthetic.figure import CanvasFigure
from reid_cosam.data.synthetic.occluders import draw_object
from reid_cosam.data.synthetic.people import Look, draw_look
from reid_cosam.data.synthetic.randomness import SENSOR, THINGS, identity_rng, site_rng
from reid_cosam.data.synthetic.scene import HEIGHT
from reid_cosam.data.synthetic.visits import FAR, NEAR, SPLITS, TALL_FAR, TALL_NEAR, FootageSpec, Visit
from reid_cosam.data.synthetic.walker import draw_walker

SMOOTH = 2
"""Everything is drawn at so many times its size."""

FIRST_CAMERA = 101
"""The cameras of the data set have lower numbers: a network has been trained on none of the footage's."""

LEAST_VISIBLE = 0.2
"""Share of a figure that is seen; below it no tracker would find a box."""

TURN = np.pi / 12
"""Figures are drawn from views so far apart (radians)."""


class Box(NamedTuple):
    """A person in a frame: pixels from its upper left corner, and the share of the figure that is seen."""

    visit: int
    x: int
    y: int
    width: int
    height: int
    visible: float


class Layer(NamedTuple):
    """A sprite that stands on the ground at height `ground` of the frame, from `left`, `top`."""

    ground: float
    visit: int | None
    sprite: Image.Image
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What stays as it is while a camera films."""

    camera: Camera
    background: Image.Image
    things: list[Layer]


def make_stage(spec: FootageSpec, number: int) -> Stage:
    """The scene of camera `number` (from 1), and what stands before it."""
    crop_height = round(spec.height * SMOOTH / HEIGHT) + 1
    camera = make_camera(spec.seed, FIRST_CAMERA + number, crop_height, spec.height, spec.width)
    # The optics are those of a camera whose images are as high as a person's crop.
    camera = replace(camera, blur=camera.blur * (TALL_FAR + TALL_NEAR) / 2)
    rng = site_rng(spec.seed, number, THINGS)
    scene = camera.scene.reduce(SMOOTH)
    left = int(rng.integers(0, scene.width - spec.width + 1))
    background = scene.crop((left, 0, left + spec.width, spec.height))
    things = []
    for kind in rng.choice(["hedge", "bicycle", "bin", "sign"], int(rng.integers(1, 3)), replace=False):
        ground = float(rng.uniform(FAR, NEAR)) * spec.height
        tall = 1.2 * spec.height * float(np.interp(ground / spec.height, (FAR, NEAR), (TALL_FAR, TALL_NEAR)))
        sprite = draw_object(str(kind), rng, round(SMOOTH * tall)).reduce(SMOOTH)
        place = int(rng.integers(0, spec.width - sprite.width))
        things.append(Layer(ground, None, sprite, place, round(ground) - sprite.height))
    return Stage(camera, background, things)


def film(
    spec: FootageSpec, number: int, visits: Sequence[Visit], frames: range
) -> Iterator[tuple[UInt8[np.ndarray, "h w 3"], list[Box]]]:
    """Each frame of the camera, with the boxes of the people in it; `Box.visit` counts in `visits`."""
    stage = make_stage(spec, number)
    rng = site_rng(spec.seed, number, SENSOR)
    period, coming = float(rng.uniform(20, 60)) * spec.fps, list(enumerate(visits))
    present: dict[int, tuple[Visit, list[Layer]]] = {}
    for frame in frames:
        while coming and coming[0][1].first <= frame:
            index, visit = coming.pop(0)
            present[index] = visit, list(_layers(visit, index, _look(spec, visit.person)))
        present = {index: pair for index, pair in present.items() if frame < pair[0].stop}
        layers = [layers[frame - visit.first] for visit, layers in present.values()]
        image, boxes = _compose(stage, layers)
        exposure = 1.0 + 0.06 * float(np.sin(2 * np.pi * frame / period))  # the sun goes in and comes out
        seen = stage.camera.soften(image.point(stage.camera.response(round(exposure, 2))))
        yield stage.camera.sense(np.asarray(seen)[None], rng)[0], boxes


def _look(spec: FootageSpec, pid: int) -> Look:
    return draw_look(identity_rng(spec.seed, SPLITS[spec.part], pid))


def _layers(visit: Visit, index: int, look: Look) -> Iterator[Layer]:
    views = np.rint(visit.yaw / TURN)
    for view, group in groupby(range(len(views)), key=lambda frame: views[frame]):
        chosen = list(group)
        figure = draw_walker(look, View(float(view) * TURN), visit.phase[chosen], visit.swing)
        tall = visit.tall[chosen][:, None, None] * SMOOTH
        placed = figure.on_canvas(tall, visit.feet[chosen] * SMOOTH)
        for row, frame in enumerate(chosen):
            yield _layer(placed, row, float(visit.feet[frame, 1]), index)


def _layer(figure: CanvasFigure, row: int, ground: float, index: int) -> Layer:
    points = figure.coordinates[row].reshape(-1, 2)
    left, top = (int(low) for low in points.min(axis=0) // SMOOTH - 1)
    right, bottom = (int(high) for high in points.max(axis=0) // SMOOTH + 2)
    moved = (points - np.array([left, top]) * SMOOTH).reshape(1, -1)
    sprite = Image.new("RGBA", ((right - left) * SMOOTH, (bottom - top) * SMOOTH))
    replace(figure, coordinates=moved).draw(ImageDraw.Draw(sprite), 0)
    return Layer(ground, index, sprite.reduce(SMOOTH), left, top)


def _compose(stage: Stage, people: Sequence[Layer]) -> tuple[Image.Image, list[Box]]:
    """Draws what is farther away first; who is seen where follows from what was drawn last."""
    image = stage.background.copy()
    owner = np.full((image.height, image.width), -1)
    for layer in sorted([*stage.things, *people], key=lambda layer: layer.ground):
        image.paste(layer.sprite, (layer.left, layer.top), layer.sprite)
        rows, columns, solid = _in_frame(layer, image.size)
        owner[rows, columns][solid] = -1 if layer.visit is None else layer.visit
    boxes = (_box(layer, owner) for layer in people)
    return image, [box for box in boxes if box.visible >= LEAST_VISIBLE]


def _in_frame(layer: Layer, size: tuple[int, int]) -> tuple[slice, slice, np.ndarray]:
    """Rows and columns of the frame that the layer covers, and where in them it is solid."""
    solid = np.asarray(layer.sprite.getchannel("A")) > 127
    left, top = max(layer.left, 0), max(layer.top, 0)
    right = max(min(layer.left + solid.shape[1], size[0]), left)
    bottom = max(min(layer.top + solid.shape[0], size[1]), top)
    inside = solid[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left]
    return slice(top, bottom), slice(left, right), inside


def _box(layer: Layer, owner: np.ndarray) -> Box:
    rows, columns, solid = _in_frame(layer, (owner.shape[1], owner.shape[0]))
    assert layer.visit is not None
    if not solid.any():
        return Box(layer.visit, 0, 0, 0, 0, 0.0)
    down, across = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    total = np.count_nonzero(np.asarray(layer.sprite.getchannel("A")) > 127)
    visible = np.count_nonzero((owner[rows, columns] == layer.visit) & solid) / total
    x, y = columns.start + int(across[0]), rows.start + int(down[0])
    return Box(layer.visit, x, y, int(np.ptp(across)) + 1, int(np.ptp(down)) + 1, round(visible, 3))
