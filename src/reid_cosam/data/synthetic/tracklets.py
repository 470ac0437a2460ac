"""Renders one tracklet: background, walker, what passes in front, and the camera's view of it all."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageDraw

from reid_cosam.data.synthetic.cameras import Camera, make_camera
from reid_cosam.data.synthetic.figure import CanvasFigure
from reid_cosam.data.synthetic.motion import Motion, draw_motion
from reid_cosam.data.synthetic.passers_by import Layer, passers_by
from reid_cosam.data.synthetic.people import Look, draw_look
from reid_cosam.data.synthetic.randomness import identity_rng, stranger_rng, tracklet_rng
from reid_cosam.data.synthetic.sizes import SyntheticSpec
from reid_cosam.data.synthetic.walker import draw_walker

FALSE_DETECTIONS = 0.25
"""Share of the distractors that show background alone."""


@dataclass(frozen=True, slots=True)
class TrackletPlan:
    """Which tracklet to render: number `number` (from 1) of that pid and camera, `length` frames."""

    split: int
    pid: int
    camera: int
    number: int
    length: int

    @property
    def folder(self) -> str:
        return "00-1" if self.pid < 0 else f"{self.pid:04d}"

    def frame_names(self) -> list[str]:
        """MARS file names without their ending."""
        stem = f"{self.folder}C{self.camera}T{self.number:04d}F"
        return [f"{stem}{frame:03d}" for frame in range(1, self.length + 1)]


@dataclass(frozen=True, slots=True)
class RenderedTracklet:
    """Frames, and where the person is seen in them."""

    frames: UInt8[np.ndarray, "t h w 3"]
    masks: Bool[np.ndarray, "t h w"]


def supersampling(spec: SyntheticSpec) -> int:
    """Small images are drawn at twice their size, for smooth edges."""
    return 2 if spec.height <= 128 else 1


def identity_look(spec: SyntheticSpec, split: int, pid: int) -> Look:
    """The look of a train or test identity, the same in every tracklet."""
    return draw_look(identity_rng(spec.seed, split, pid))


def render_tracklet(spec: SyntheticSpec, plan: TrackletPlan) -> RenderedTracklet:
    """Renders the planned tracklet from its own random streams alone."""
    rng = tracklet_rng(spec.seed, plan.split, plan.pid, plan.camera, plan.number)
    motion = draw_motion(rng, spec)
    scale = supersampling(spec)
    size = (spec.width * scale, spec.height * scale)
    camera = make_camera(spec.seed, plan.camera, size[1], spec.height, spec.width)
    figure = _target(spec, plan, motion, size, rng)
    behind, front = passers_by(motion, size, rng)
    strip, offsets = _background(camera, motion, size)
    table = camera.response(motion.exposure)
    frames, masks = [], []
    for frame in range(len(motion)):
        left, top = offsets[frame]
        canvas = strip.crop((left, top, left + size[0], top + size[1]))
        mask = _compose(canvas, figure, frame, behind, front)
        small = (canvas.reduce(scale) if scale > 1 else canvas).point(table)
        frames.append(np.asarray(camera.soften(small)))
        masks.append(np.asarray(mask.reduce(scale) if scale > 1 else mask) > 127)
    return RenderedTracklet(camera.sense(np.stack(frames), rng), np.stack(masks))


def _target(
    spec: SyntheticSpec, plan: TrackletPlan, motion: Motion, size: tuple[int, int], rng: np.random.Generator
) -> CanvasFigure | None:
    feet, height = motion.feet * size[1], motion.stature * size[1]
    if plan.pid > 0:
        look = identity_look(spec, plan.split, plan.pid)
    else:
        stranger = stranger_rng(
            spec.seed, plan.camera, plan.number if plan.pid == 0 else 10_000 + plan.number
        )
        look = draw_look(stranger)
        if plan.pid == 0 and stranger.random() < FALSE_DETECTIONS:
            return None
    if plan.pid < 0:
        # Junk is a box that missed the person: too close, or far off to a side.
        height *= float(rng.uniform(1.0, 2.0))
        feet = feet + np.array([rng.choice([-1, 1]) * 0.3, rng.uniform(0.2, 0.8)]) * [size[0], size[1]]
    if look.umbrella is not None:
        height *= 0.88  # the box that a detector draws around the person holds the umbrella too
    return draw_walker(look, motion.view, motion.phase, motion.swing).on_canvas(height, feet)


def _compose(
    canvas: Image.Image, figure: CanvasFigure | None, frame: int, behind: Layer | None, front: Layer | None
) -> Image.Image:
    """Draws one frame onto the canvas and returns where the target is seen."""
    if behind is not None:
        sprite = behind.sprites[frame]
        canvas.paste(sprite, behind.places[frame], sprite)
    layer = Image.new("RGBA", canvas.size)
    if figure is not None:
        figure.draw(ImageDraw.Draw(layer), frame)
    canvas.paste(layer, (0, 0), layer)
    mask = layer.getchannel("A")
    if front is not None:
        sprite = front.sprites[frame]
        canvas.paste(sprite, front.places[frame], sprite)
        mask.paste(0, front.places[frame], sprite)
    return mask


def _background(
    camera: Camera, motion: Motion, size: tuple[int, int]
) -> tuple[Image.Image, list[tuple[int, int]]]:
    """The part of the scene that the tracklet passes, zoomed once, and each frame's corner in it."""
    width, height = size
    scene = camera.scene
    zoom = max(motion.zoom, height / scene.height)
    travel = motion.travel * height
    # A long walk would leave the scene: it then passes more slowly.
    travel = travel * min(1.0, (scene.width * zoom - width - 2) / max(float(np.ptp(travel)), 1.0))
    shift = np.rint(travel - travel.min()).astype(np.int64)
    drop = np.rint((motion.feet[:, 1] - motion.feet[:, 1].max()) * -height).astype(np.int64)
    span, tall = width + int(shift.max()), height + int(drop.max())
    box_width, box_height = span / zoom, min(tall / zoom, scene.height)
    left = motion.place * (scene.width - box_width)
    # The feet stand on the scene's ground, which fills its lower part.
    top = scene.height - box_height
    strip = scene.resize(
        (span, tall), Image.Resampling.BILINEAR, box=(left, top, left + box_width, top + box_height)
    )
    return strip, [(int(x), int(y)) for x, y in zip(shift, drop, strict=True)]
