"""Where COSAM looks: sheets of clips and their spatial masks.

All raise ValueError where there is nothing to show, counts do not fit, or a mask leaves 0..1.
"""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from reid_cosam.results.figures.masks import (
    bare,
    bare_bar,
    check_masks,
    overlay_bar,
    overlays,
    range_text,
    row,
    stretched,
)
from reid_cosam.results.figures.style import FAINT, beside, captioned, enlarged, stacked, text, with_margin

CLIP_GAP = 26
_COLUMNS = 2  # of panels

Clip = UInt8[np.ndarray, "t h w 3"]
Masks = Mapping[int, Float[np.ndarray, "_ _ _"]]


def attention_figure(
    clips: UInt8[np.ndarray, "s t h w 3"],
    masks: Mapping[int, Float[np.ndarray, "_ _ _ _"]],
    captions: Sequence[str] = (),
) -> Image.Image:
    """For each clip a row of its frames and, per COSAM stage, a row of grey frames under the stage's mask.

    `masks` maps a stage to its masks `[s t mask_height mask_width]` with values in 0..1. Colours span each
    stage's own range over all clips; the colour bars print that range. `captions` stand above the clips.
    """
    check_masks(clips, masks, captions)
    ranges = {stage: _range(mask) for stage, mask in sorted(masks.items())}
    groups = []
    for index, clip in enumerate(clips):
        caption = [text(captions[index], bold=True)] if captions else []
        over = [
            row(f"COSAM {stage}", overlays(clip, masks[stage][index], *ends))
            for stage, ends in ranges.items()
        ]
        groups.append(stacked([*caption, row("frames", _enlarged(clip)), *over]))
    bars = [overlay_bar(stage, *ends) for stage, ends in ranges.items()]
    return with_margin(stacked([*groups, stacked(bars)], CLIP_GAP))


def panels_figure(
    clips: UInt8[np.ndarray, "s t h w 3"],
    masks: Float[np.ndarray, "s t mh mw"],
    stage: int,
    captions: Sequence[str],
    title: str,
) -> Image.Image:
    """The paper's figure 6: two by two panels, each a row of frames above a row of masks, (a) to (d).

    Colours span the range of all masks shown. More than 26 clips are refused too.
    """
    check_masks(clips, {stage: masks}, captions)
    if len(clips) > len(ascii_lowercase):
        raise ValueError(f"there are letters for {len(ascii_lowercase)} panels, got {len(clips)}")
    ends = _range(masks)
    panels = [
        captioned(
            stacked([beside(_enlarged(clip)), beside(overlays(clip, mask, *ends))]),
            text(f"({letter}) {caption}", 13),
        )
        for clip, mask, letter, caption in zip(clips, masks, ascii_lowercase, captions, strict=False)
    ]
    lines = [beside(panels[start : start + _COLUMNS], CLIP_GAP) for start in range(0, len(panels), _COLUMNS)]
    head = [text(title, bold=True)] if title else []
    return with_margin(stacked([*head, *lines, overlay_bar(stage, *ends)], CLIP_GAP))


def strip_figure(clip: Clip, masks: Masks, caption: str) -> Image.Image:
    """The frames, and below them each stage's masks `[t mask_height mask_width]` at their own resolution.

    Colours mean the same in all rows, 0 to 1, so that stages can be compared; means stand below each mask.
    """
    _check_clip(clip, masks)
    frames = _enlarged(clip)
    rows = [_bare_row(stage, mask, (0.0, 1.0), frames[0].size) for stage, mask in sorted(masks.items())]
    head = [text(caption, bold=True), row("frames", frames)]
    return with_margin(stacked([*head, *rows, bare_bar("mask", "0 to 1")]))


def tracklet_figure(
    clip: Clip, masks: Masks, caption: str, person: Bool[np.ndarray, "t h w"] | None = None
) -> Image.Image:
    """The frames, the person in them if that is known, and each stage's masks, over frames and by themselves.

    Colours span each stage's own range in this clip; the colour bars print it. Means stand below each mask.
    """
    _check_clip(clip, masks)
    frames = _enlarged(clip)
    size = frames[0].size
    groups = [[text(caption, bold=True), row("frames", frames)]]
    if person is not None:
        groups[0].append(row("person", [_silhouette(one, size) for one in person]))
    for stage, mask in sorted(masks.items()):
        ends = _range(mask)
        rows = [row(f"COSAM {stage}", overlays(clip, mask, *ends)), _bare_row(stage, mask, ends, size)]
        groups.append([*rows, overlay_bar(stage, *ends), bare_bar("by itself", range_text(*ends))])
    return with_margin(stacked([stacked(group) for group in groups], CLIP_GAP))


def _check_clip(clip: Clip, masks: Masks) -> None:
    check_masks(clip[None], {stage: mask[None] for stage, mask in masks.items()}, ())


def _range(mask: Float[np.ndarray, "..."]) -> tuple[float, float]:
    return float(mask.min()), float(mask.max())


def _enlarged(clip: Clip) -> list[Image.Image]:
    return [enlarged(frame) for frame in clip]


def _bare_row(
    stage: int, mask: Float[np.ndarray, "t mh mw"], ends: tuple[float, float], size: tuple[int, int]
) -> Image.Image:
    cells = [
        captioned(bare(strength, size), text(f"mean {one.mean():.3f}", 12, colour=FAINT), gap=2)
        for one, strength in zip(mask, stretched(mask, *ends), strict=True)
    ]
    return row(f"COSAM {stage}\n{mask.shape[1]}x{mask.shape[2]}", cells)


def _silhouette(person: Bool[np.ndarray, "h w"], size: tuple[int, int]) -> Image.Image:
    grey = np.where(person, 235, 60).astype(np.uint8)
    return Image.fromarray(grey).resize(size, Image.Resampling.NEAREST).convert("RGB")
