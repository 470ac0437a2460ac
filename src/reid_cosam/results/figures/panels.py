"""The paper's figure 6: four clips, each a row of frames above a row of masks, lettered (a) to (d)."""

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from reid_cosam.results.figures.attention import CLIP_GAP, check_masks, colour_bar, overlay, stretched
from reid_cosam.results.figures.style import beside, centred, enlarged, stacked, text, with_margin

COLUMNS = 2


def panels_figure(
    clips: UInt8[np.ndarray, "s t h w 3"],
    masks: Float[np.ndarray, "s t mh mw"],
    stage: int,
    captions: Sequence[str],
    title: str,
) -> Image.Image:
    """Panels two by two, each with its letter and caption below; colours span the range of all masks shown.

    Raises:
        ValueError: there is nothing to show, more than 26 clips, counts do not fit, or a mask leaves 0..1.
    """
    check_masks(clips, {stage: masks}, captions)
    if len(clips) > len(ascii_lowercase):
        raise ValueError(f"there are letters for {len(ascii_lowercase)} panels, got {len(clips)}")
    low, high = float(masks.min()), float(masks.max())
    strengths = stretched(masks, low, high)
    panels = [
        _panel(clip, strength, f"({letter}) {caption}")
        for clip, strength, letter, caption in zip(clips, strengths, ascii_lowercase, captions, strict=False)
    ]
    lines = [beside(panels[start : start + COLUMNS], CLIP_GAP) for start in range(0, len(panels), COLUMNS)]
    head = [text(title, bold=True)] if title else []
    return with_margin(stacked([*head, *lines, colour_bar(stage, low, high)], CLIP_GAP))


def _panel(
    clip: UInt8[np.ndarray, "t h w 3"], strengths: Float[np.ndarray, "t mh mw"], words: str
) -> Image.Image:
    over = [overlay(frame, strength) for frame, strength in zip(clip, strengths, strict=True)]
    rows = stacked([beside([enlarged(frame) for frame in clip]), beside(over)])
    caption = text(words, 13)
    return stacked([rows, centred(caption, rows.width, caption.height)])
