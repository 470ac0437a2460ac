"""One tracklet's masks by themselves: how they sharpen from stage to stage, and what is behind an overlay."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from reid_cosam.results.figures.attention import (
    BAR_HEIGHT,
    BAR_WIDTH,
    CLIP_GAP,
    bare,
    check_masks,
    colour_bar,
    label,
    overlay,
    range_text,
    row,
    stretched,
)
from reid_cosam.results.figures.style import FAINT, beside, centred, enlarged, stacked, text, with_margin

Masks = Mapping[int, Float[np.ndarray, "_ _ _"]]


def strip_figure(clip: UInt8[np.ndarray, "t h w 3"], masks: Masks, caption: str) -> Image.Image:
    """The frames, and below them each stage's masks `[t mask_height mask_width]` at their own resolution.

    Colours mean the same in all rows, 0 to 1, so that stages can be compared; means stand below each mask.

    Raises:
        ValueError: there is nothing to show, counts do not fit, or a mask leaves 0..1.
    """
    _check(clip, masks)
    frames = [enlarged(frame) for frame in clip]
    rows = [text(caption, bold=True), row("frames", frames)]
    rows += [_bare_row(stage, mask, 0.0, 1.0, frames[0].size) for stage, mask in sorted(masks.items())]
    return with_margin(stacked([*rows, _plain_bar("mask", "0 to 1")]))


def tracklet_figure(
    clip: UInt8[np.ndarray, "t h w 3"],
    masks: Masks,
    caption: str,
    person: Bool[np.ndarray, "t h w"] | None = None,
) -> Image.Image:
    """The frames, the person in them if that is known, and each stage's masks, over frames and by themselves.

    Colours span each stage's own range in this clip; the colour bars print it. Means stand below each mask.

    Raises:
        ValueError: as `strip_figure`.
    """
    _check(clip, masks)
    frames = [enlarged(frame) for frame in clip]
    groups = [[text(caption, bold=True), row("frames", frames)]]
    if person is not None:
        groups[0].append(row("person", [_silhouette(one, frames[0].size) for one in person]))
    for stage, mask in sorted(masks.items()):
        low, high = float(mask.min()), float(mask.max())
        strengths = stretched(mask, low, high)
        over = [overlay(frame, strength) for frame, strength in zip(clip, strengths, strict=True)]
        rows = [row(f"COSAM {stage}", over), _bare_row(stage, mask, low, high, frames[0].size)]
        bars = [colour_bar(stage, low, high), _plain_bar("by itself", f"mask {range_text(low, high)}")]
        groups.append([*rows, *bars])
    return with_margin(stacked([stacked(group) for group in groups], CLIP_GAP))


def _check(clip: UInt8[np.ndarray, "t h w 3"], masks: Masks) -> None:
    check_masks(clip[None], {stage: mask[None] for stage, mask in masks.items()}, ())


def _bare_row(
    stage: int, mask: Float[np.ndarray, "t mh mw"], low: float, high: float, size: tuple[int, int]
) -> Image.Image:
    cells = [
        _with_mean(bare(strength, size), float(one.mean()))
        for one, strength in zip(mask, stretched(mask, low, high), strict=True)
    ]
    height, width = mask.shape[1:]
    return row(f"COSAM {stage}\n{height}x{width}", cells)


def _with_mean(picture: Image.Image, mean: float) -> Image.Image:
    words = text(f"mean {mean:.3f}", 12, colour=FAINT)
    return stacked([picture, centred(words, picture.width, words.height)], gap=2)


def _silhouette(person: Bool[np.ndarray, "h w"], size: tuple[int, int]) -> Image.Image:
    grey = np.where(person, 235, 60).astype(np.uint8)
    return Image.fromarray(grey).resize(size, Image.Resampling.NEAREST).convert("RGB")


def _plain_bar(name: str, meaning: str) -> Image.Image:
    ramp = np.linspace(0, 1, BAR_WIDTH)[None]
    words = text(meaning, 13)
    bar = centred(bare(ramp, (BAR_WIDTH, BAR_HEIGHT)), BAR_WIDTH, words.height)
    return beside([label(name, words.height), bar, words])
