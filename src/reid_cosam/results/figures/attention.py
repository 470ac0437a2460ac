"""Where COSAM looks: spatial masks laid over the frames they belong to (the paper's figure 6)."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from reid_cosam.results.figures.style import (
    FAINT,
    PAPER,
    beside,
    centred,
    enlarged,
    stacked,
    text,
    with_margin,
)

COLOUR_MAP = "plasma"
# Cold places keep the bare frame; the hottest ones still let a third of it through.
MAX_OPACITY = 0.68
# Colours turn muddy on dark clothes, so black is lifted to this grey.
BLACK_LEVEL = 64
LABEL_WIDTH = 78
CLIP_GAP = 26
BAR_WIDTH, BAR_HEIGHT = 150, 14


def attention_figure(
    clips: UInt8[np.ndarray, "s t h w 3"],
    masks: Mapping[int, Float[np.ndarray, "_ _ _ _"]],
    captions: Sequence[str] = (),
) -> Image.Image:
    """For each clip a row of its frames and, per COSAM stage, a row of grey frames under the stage's mask.

    `masks` maps a stage to its masks `[s t mask_height mask_width]` with values in 0..1. Colours span each
    stage's own range over all clips; the colour bars print that range. `captions` stand above the clips.

    Raises:
        ValueError: there is nothing to show, shapes or counts do not fit, or a mask leaves 0..1.
    """
    check_masks(clips, masks, captions)
    ranges = {stage: (float(mask.min()), float(mask.max())) for stage, mask in sorted(masks.items())}
    groups = []
    for index, clip in enumerate(clips):
        rows = [text(captions[index], bold=True)] if captions else []
        rows.append(row("frames", [enlarged(frame) for frame in clip]))
        for stage, (low, high) in ranges.items():
            strengths = stretched(masks[stage][index], low, high)
            tinted = [overlay(frame, strength) for frame, strength in zip(clip, strengths, strict=True)]
            rows.append(row(f"COSAM {stage}", tinted))
        groups.append(stacked(rows))
    bars = [colour_bar(stage, low, high) for stage, (low, high) in ranges.items()]
    return with_margin(stacked([*groups, stacked(bars)], CLIP_GAP))


def stretched(mask: Float[np.ndarray, "*shape"], low: float, high: float) -> Float[np.ndarray, "*shape"]:
    """The mask with `low` moved to 0 and `high` to 1; a flat mask becomes 0, since nothing stands out."""
    return (mask - low) / (high - low) if high > low else np.zeros_like(mask)


def overlay(
    frame: UInt8[np.ndarray, "h w 3"], strength: Float[np.ndarray, "mask_height mask_width"]
) -> Image.Image:
    """The enlarged frame in grey, tinted by a mask in 0..1: the stronger, the hotter and the more opaque."""
    grey = enlarged(frame).convert("L").point(lambda level: BLACK_LEVEL + level * (255 - BLACK_LEVEL) // 255)
    mask = Image.fromarray(strength.astype(np.float32)).resize(grey.size, Image.Resampling.BILINEAR)
    return _tinted(np.asarray(grey), np.asarray(mask))


def _tinted(grey: UInt8[np.ndarray, "h w"], strength: Float[np.ndarray, "h w"]) -> Image.Image:
    heat = matplotlib.colormaps[COLOUR_MAP](strength)[..., :3] * 255
    opacity = MAX_OPACITY * strength[..., None]
    return Image.fromarray(np.rint((1 - opacity) * grey[..., None] + opacity * heat).astype(np.uint8))


def bare(strength: Float[np.ndarray, "mask_height mask_width"], size: tuple[int, int]) -> Image.Image:
    """A mask in 0..1 by itself at its own resolution: every location is a block of one colour."""
    colours = np.rint(matplotlib.colormaps[COLOUR_MAP](strength)[..., :3] * 255).astype(np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)


def range_text(low: float, high: float) -> str:
    """The range in words, with as many digits as its two ends need to differ (2 to 6)."""
    for digits in range(2, 7):
        ends = f"{low:.{digits}f}", f"{high:.{digits}f}"
        if ends[0] != ends[1]:
            return f"{ends[0]} to {ends[1]}"
    return f"{low:.2f} everywhere"


def row(name: str, frames: Sequence[Image.Image]) -> Image.Image:
    """Frames side by side behind their name."""
    return beside([label(name, frames[0].height), *frames])


def colour_bar(stage: int, low: float, high: float) -> Image.Image:
    """The colours of `overlay`, and which values they span."""
    ramp = np.tile(np.linspace(0, 1, BAR_WIDTH), (BAR_HEIGHT, 1))
    bar = _tinted(np.full(ramp.shape, (BLACK_LEVEL + 255) // 2, np.uint8), ramp)
    words = text(f"mask {range_text(low, high)}", 13)
    return beside([label(f"COSAM {stage}", words.height), centred(bar, BAR_WIDTH, words.height), words])


def label(words: str, height: int) -> Image.Image:
    """Words, in one line or several, in the margin before a row of this height."""
    lines = stacked([text(line, 13, colour=FAINT) for line in words.splitlines()], gap=2)
    cell = Image.new("RGB", (LABEL_WIDTH, height), PAPER)
    cell.paste(lines, (0, (height - lines.height) // 2))
    return cell


def check_masks(
    clips: UInt8[np.ndarray, "s t h w 3"],
    masks: Mapping[int, Float[np.ndarray, "_ _ _ _"]],
    captions: Sequence[str],
) -> None:
    """Raises ValueError as `attention_figure`."""
    if 0 in clips.shape or not masks:
        raise ValueError(f"nothing to show: clips of shape {clips.shape}, masks of stages {sorted(masks)}")
    if captions and len(captions) != len(clips):
        raise ValueError(f"{len(clips)} clips need as many captions, got {len(captions)}")
    for stage, mask in masks.items():
        if mask.shape[:2] != clips.shape[:2]:
            raise ValueError(
                f"COSAM {stage}: masks for {mask.shape[0]} clips of {mask.shape[1]} frames, "
                f"but there are {clips.shape[0]} clips of {clips.shape[1]} frames"
            )
        if not (mask.size and mask.min() >= 0 and mask.max() <= 1):
            raise ValueError(f"COSAM {stage}: mask values must lie within 0..1 (a sigmoid's output)")
