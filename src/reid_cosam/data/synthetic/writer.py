"""Writes rendered tracklets to a data set's folder."""

import time
from collections.abc import Sequence
from pathlib import Path

import simplejpeg
from PIL import Image

from reid_cosam.data.synthetic.listing import SPLIT_NAMES
from reid_cosam.data.synthetic.randomness import TEST
from reid_cosam.data.synthetic.sizes import SyntheticSpec
from reid_cosam.data.synthetic.tracklets import TrackletPlan, render_tracklet

JPEG_QUALITY = 90


def make_folders(folder: Path, plans: Sequence[TrackletPlan]) -> None:
    """One folder a person for the frames, and for the test split one for the masks."""
    for split, person in dict.fromkeys((plan.split, plan.folder) for plan in plans):
        (_frames_folder(folder, split) / person).mkdir(parents=True)
        if split == TEST:
            (_masks_folder(folder) / person).mkdir(parents=True)


def _frames_folder(folder: Path, split: int) -> Path:
    return folder / f"bbox_{SPLIT_NAMES[split]}"


def _masks_folder(folder: Path) -> Path:
    return folder / "masks" / "bbox_test"


def write_tracklets(folder: Path, spec: SyntheticSpec, plans: Sequence[TrackletPlan]) -> tuple[int, float]:
    """Renders and writes some tracklets; returns the number of frames and the seconds it took."""
    start = time.perf_counter()
    for plan in plans:
        _write_tracklet(folder, spec, plan)
    return sum(plan.length for plan in plans), time.perf_counter() - start


def _write_tracklet(folder: Path, spec: SyntheticSpec, plan: TrackletPlan) -> None:
    rendered = render_tracklet(spec, plan)
    names = plan.frame_names()
    images = _frames_folder(folder, plan.split) / plan.folder
    for name, frame in zip(names, rendered.frames, strict=True):
        data = simplejpeg.encode_jpeg(frame, quality=JPEG_QUALITY, colorspace="RGB", colorsubsampling="420")
        (images / f"{name}.jpg").write_bytes(data)
    if plan.split == TEST:
        masks = _masks_folder(folder) / plan.folder
        for name, mask in zip(names, rendered.masks, strict=True):
            Image.fromarray(mask).save(masks / f"{name}.png", compress_level=1)
