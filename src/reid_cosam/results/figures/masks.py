"""Spatial masks as pictures: over frames and by themselves, and the bars that explain their colours."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from reid_cosam.results.figures.style import FAINT, PAPER, beside, centred, enlarged, stacked, text

COLOUR_MAP = "plasma"
# Cold places keep the bare frame; the hottest ones still let a third of it through.
MAX_OPACITY = 0.68
# Colours turn muddy on dark clothes, so black is lifted to this grey.
BLACK_LEVEL = 64
LABEL_WIDTH = 78
BAR_WIDTH, BAR_HEIGHT = 150, 14


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


def overlays(
    clip: UInt8[np.ndarray, "t h w 3"], mask: Float[np.ndarray, "t mh mw"], low: float, high: float
) -> list[Image.Image]:
    """Each frame under its mask; colours span `low` to `high`."""
    return [
        overlay(frame, strength) for frame, strength in zip(clip, stretched(mask, low, high), strict=True)
    ]


def bare(strength: Float[np.ndarray, "mask_height mask_width"], size: tuple[int, int]) -> Image.Image:
    """A mask in 0..1 by itself at its own resolution: every location is a block of one colour."""
    return Image.fromarray(np.rint(_heat(strength)).astype(np.uint8)).resize(size, Image.Resampling.NEAREST)


def _tinted(grey: UInt8[np.ndarray, "h w"], strength: Float[np.ndarray, "h w"]) -> Image.Image:
    opacity = MAX_OPACITY * strength[..., None]
    tinted = (1 - opacity) * grey[..., None] + opacity * _heat(strength)
    return Image.fromarray(np.rint(tinted).astype(np.uint8))


def _heat(strength: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
    heat: Float[np.ndarray, "h w 3"] = matplotlib.colormaps[COLOUR_MAP](strength)[..., :3] * 255
    return heat


def range_text(low: float, high: float) -> str:
    """The range in words, with as many digits as its two ends need to differ (2 to 6)."""
    for digits in range(2, 7):
        ends = f"{low:.{digits}f}", f"{high:.{digits}f}"
        if ends[0] != ends[1]:
            return f"mask {ends[0]} to {ends[1]}"
    return f"mask {low:.2f} everywhere"


def row(name: str, frames: Sequence[Image.Image]) -> Image.Image:
    """Frames side by side behind their name."""
    return beside([label(name, frames[0].height), *frames])


def label(words: str, height: int) -> Image.Image:
    """Words, in one line or several, in the margin before a row of this height."""
    lines = stacked([text(line, 13, colour=FAINT) for line in words.splitlines()], gap=2)
    cell = Image.new("RGB", (LABEL_WIDTH, height), PAPER)
    cell.paste(lines, (0, (height - lines.height) // 2))
    return cell


def overlay_bar(stage: int, low: float, high: float) -> Image.Image:
    """The colours of `overlay`, and which values they span."""
    ramp = np.tile(np.linspace(0, 1, BAR_WIDTH), (BAR_HEIGHT, 1))
    bar = _tinted(np.full(ramp.shape, (BLACK_LEVEL + 255) // 2, np.uint8), ramp)
    return _bar_row(f"COSAM {stage}", bar, range_text(low, high))


def bare_bar(name: str, meaning: str) -> Image.Image:
    """The colours of `bare`, and what they mean."""
    return _bar_row(name, bare(np.linspace(0, 1, BAR_WIDTH)[None], (BAR_WIDTH, BAR_HEIGHT)), meaning)


def _bar_row(name: str, bar: Image.Image, meaning: str) -> Image.Image:
    words = text(meaning, 13)
    return beside([label(name, words.height), centred(bar, BAR_WIDTH, words.height), words])


def check_masks(
    clips: UInt8[np.ndarray, "s t h w 3"],
    masks: Mapping[int, Float[np.ndarray, "_ _ _ _"]],
    captions: Sequence[str],
) -> None:
    """Raises ValueError if there is nothing to show, counts do not fit, or a mask leaves 0..1."""
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
