"""Sheets of clips and their masks: clips below one another, the paper's figure 6, one tracklet by itself."""

import matplotlib
import numpy as np
import pytest

from reid_cosam.results.figures.attention import (
    CLIP_GAP,
    attention_figure,
    panels_figure,
    strip_figure,
    tracklet_figure,
)
from reid_cosam.results.figures.masks import BLACK_LEVEL, LABEL_WIDTH
from reid_cosam.results.figures.style import GAP, MARGIN, text
from tests.results.figures.test_masks import hot_corner

# What black, the darkest a frame gets, is lifted to.
COLD = (BLACK_LEVEL,) * 3
PANEL_WIDTH = 2 * 96 + GAP
LEFT = MARGIN + LABEL_WIDTH + GAP
TOP = MARGIN + text("x", bold=True).height + GAP  # of the frames, below the caption
ROW = 192 + GAP
CLIP = np.full((2, 128, 64, 3), (255, 0, 0), np.uint8)


def black_clips(clips: int, frames: int) -> np.ndarray:
    return np.zeros((clips, frames, 128, 64, 3), np.uint8)


def test_rows_are_frames_then_stages_in_order() -> None:
    clips = np.full((1, 2, 128, 64, 3), (255, 0, 0), np.uint8)
    flat, hot = np.full((1, 2, 8, 4), 0.5), np.tile(hot_corner(16, 8), (1, 2, 1, 1))

    pixels = np.asarray(attention_figure(clips, {5: flat, 4: hot}))

    left, top, step = MARGIN + LABEL_WIDTH + GAP, MARGIN, 192 + GAP
    grey = 64 + 76 * 191 // 255  # 76 is the luma of pure red
    assert tuple(pixels[top, left]) == (255, 0, 0)
    assert tuple(pixels[top, left + 95]) == (255, 0, 0)
    assert tuple(pixels[top, left + 96]) == (255, 255, 255)
    assert tuple(pixels[top, left + 96 + GAP]) == (255, 0, 0)
    assert pixels[top + step, left, 0] > grey + 50
    assert (pixels[top + step + 100 : top + step + 192, left : left + 96] == grey).all()
    assert (pixels[top + 2 * step : top + 2 * step + 192, left : left + 96] == grey).all()


def test_clips_follow_one_another_and_colours_span_all_of_them() -> None:
    masks = np.stack([np.full((1, 8, 4), 0.2), np.full((1, 8, 4), 0.6)])

    pixels = np.asarray(attention_figure(black_clips(2, 1), {4: masks}))

    left, clip_height = MARGIN + LABEL_WIDTH + GAP, 2 * 192 + GAP
    first = MARGIN + 192 + GAP
    second = first + clip_height + CLIP_GAP
    assert tuple(pixels[first, left]) == COLD
    assert pixels[second, left, 0] > BLACK_LEVEL + 60


def test_captions_push_their_clip_down_by_a_line() -> None:
    clips, masks = black_clips(2, 1), {4: np.zeros((2, 1, 8, 4))}

    bare, captioned = attention_figure(clips, masks), attention_figure(clips, masks, ["pid 1", "pid 2"])

    assert captioned.width == bare.width
    assert captioned.height - bare.height in range(2 * 15, 2 * 30)


def test_masks_must_belong_to_the_clips() -> None:
    with pytest.raises(
        ValueError, match="COSAM 5: masks for 2 clips of 3 frames, but there are 2 clips of 4"
    ):
        attention_figure(black_clips(2, 4), {5: np.zeros((2, 3, 8, 4))})


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_masks_must_be_fractions(value: float) -> None:
    with pytest.raises(ValueError, match=r"COSAM 4: mask values must lie within 0\.\.1"):
        attention_figure(black_clips(1, 1), {4: np.full((1, 1, 8, 4), value)})


def test_there_must_be_something_to_show() -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        attention_figure(black_clips(1, 1), {})
    with pytest.raises(ValueError, match="nothing to show"):
        attention_figure(black_clips(0, 1), {4: np.zeros((0, 1, 8, 4))})


def test_captions_must_be_as_many_as_clips() -> None:
    with pytest.raises(ValueError, match="2 clips need as many captions, got 1"):
        attention_figure(black_clips(2, 1), {4: np.zeros((2, 1, 8, 4))}, ["pid 1"])


def test_panels_stand_two_by_two_with_frames_above_masks_on_one_scale() -> None:
    clips = black_clips(3, 2)
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

    plain = panels_figure(black_clips(1, 2), masks, 4, ["pid 1"], "")
    titled = panels_figure(black_clips(1, 2), masks, 4, ["pid 1"], "Masks")

    assert titled.height - plain.height in range(CLIP_GAP + 12, CLIP_GAP + 24)


def test_panels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 clips need as many captions, got 1"):
        panels_figure(black_clips(2, 2), np.zeros((2, 2, 8, 4)), 4, ["one"], "")
    with pytest.raises(ValueError, match="letters for 26 panels, got 27"):
        panels_figure(black_clips(27, 2), np.zeros((27, 2, 8, 4)), 4, [""] * 27, "")


def colour(value: float) -> tuple[int, ...]:
    return tuple(round(255 * part) for part in matplotlib.colormaps["plasma"](value)[:3])


def halves(left: float, right: float, frames: int = 2) -> np.ndarray:
    return np.tile(np.array([[left, right]]), (frames, 4, 1))


def test_a_strip_shows_each_location_as_a_block_on_one_scale() -> None:
    pixels = np.asarray(strip_figure(CLIP, {5: halves(0.25, 0.5), 4: halves(0.0, 1.0)}, "pid 1"))

    assert tuple(pixels[TOP, LEFT]) == (255, 0, 0)
    fourth = pixels[TOP + ROW : TOP + ROW + 192, LEFT : LEFT + 96]
    assert {tuple(pixel) for pixel in fourth[:, :48].reshape(-1, 3)} == {colour(0.0)}
    assert {tuple(pixel) for pixel in fourth[:, 48:].reshape(-1, 3)} == {colour(1.0)}
    fifth = {tuple(pixel) for pixel in pixels[TOP + 2 * ROW :].reshape(-1, 3)}
    assert {colour(0.25), colour(0.5)} <= fifth


def test_a_tracklet_shows_masks_over_frames_and_by_themselves_on_their_own_scale() -> None:
    pixels = np.asarray(tracklet_figure(CLIP, {4: halves(0.25, 0.5)}, "pid 1"))

    over, bare = TOP + 192 + 26, TOP + 192 + 26 + ROW
    cold, hot = pixels[over + 100, LEFT + 2], pixels[over + 100, LEFT + 94]
    assert cold[0] == cold[1] == cold[2]
    assert hot[0] > hot[2] + 50
    assert tuple(pixels[bare + 2, LEFT + 2]) == colour(0.0)
    assert tuple(pixels[bare + 190, LEFT + 94]) == colour(1.0)


def test_the_person_stands_below_the_frames_where_known() -> None:
    person = np.zeros((2, 128, 64), np.bool_)
    person[:, :, :32] = True
    masks = {4: halves(0.25, 0.5)}

    without = tracklet_figure(CLIP, masks, "pid 1")
    pixels = np.asarray(tracklet_figure(CLIP, masks, "pid 1", person))

    assert len(pixels) == without.height + ROW
    assert (pixels[TOP + ROW + 5, LEFT : LEFT + 48] == 235).all()
    assert (pixels[TOP + ROW + 5, LEFT + 48 : LEFT + 96] == 60).all()


@pytest.mark.parametrize("figure", [strip_figure, tracklet_figure])
def test_masks_must_belong_to_the_one_clip(figure: object) -> None:
    assert callable(figure)
    with pytest.raises(ValueError, match="COSAM 4: masks for 1 clips of 3 frames"):
        figure(CLIP, {4: halves(0.1, 0.2, frames=3)}, "pid 1")
    with pytest.raises(ValueError, match=r"COSAM 4: mask values must lie within 0\.\.1"):
        figure(CLIP, {4: halves(0.1, 1.2)}, "pid 1")
