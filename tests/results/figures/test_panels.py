"""The paper's figure 6: panels of frames above masks."""

import numpy as np
import pytest

from reid_cosam.results.figures.attention import BLACK_LEVEL, CLIP_GAP
from reid_cosam.results.figures.panels import panels_figure
from reid_cosam.results.figures.style import GAP, MARGIN

COLD = (BLACK_LEVEL,) * 3
PANEL_WIDTH = 2 * 96 + GAP


def black_clips(clips: int) -> np.ndarray:
    return np.zeros((clips, 2, 128, 64, 3), np.uint8)


def test_panels_stand_two_by_two_with_frames_above_masks_on_one_scale() -> None:
    clips = black_clips(3)
    clips[0] = (255, 0, 0)
    masks = np.stack([np.full((2, 8, 4), level) for level in (0.2, 0.6, 0.2)])

    pixels = np.asarray(panels_figure(clips, masks, 4, ["", "", ""], ""))

    left, mask_row = MARGIN, MARGIN + 192 + GAP
    second = left + PANEL_WIDTH + CLIP_GAP
    assert tuple(pixels[MARGIN, left]) == (255, 0, 0)
    assert tuple(pixels[MARGIN, second]) == (0, 0, 0)
    grey = 64 + 76 * 191 // 255  # 76 is the luma of pure red
    assert tuple(pixels[mask_row, left]) == (grey,) * 3
    assert pixels[mask_row, second, 0] > BLACK_LEVEL + 60
    below = pixels[mask_row + 192 + CLIP_GAP :]
    assert (below == COLD).all(axis=-1).sum() == 2 * 192 * 96  # the third panel's masks, on the next line


def test_title_and_captions_take_their_lines() -> None:
    masks = np.zeros((1, 2, 8, 4))

    plain = panels_figure(black_clips(1), masks, 4, ["pid 1"], "")
    titled = panels_figure(black_clips(1), masks, 4, ["pid 1"], "Masks")

    assert titled.height - plain.height in range(CLIP_GAP + 12, CLIP_GAP + 24)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="2 clips need as many captions, got 1"):
        panels_figure(black_clips(2), np.zeros((2, 2, 8, 4)), 4, ["one"], "")
    with pytest.raises(ValueError, match="letters for 26 panels, got 27"):
        panels_figure(black_clips(27), np.zeros((27, 2, 8, 4)), 4, [""] * 27, "")
