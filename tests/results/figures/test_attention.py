"""Masks over frames: heat where the mask is strong, the bare grey frame where it is not."""

import numpy as np
import pytest

from reid_cosam.results.figures.attention import (
    BLACK_LEVEL,
    CLIP_GAP,
    LABEL_WIDTH,
    attention_figure,
    bare,
    label,
    overlay,
    range_text,
    stretched,
)
from reid_cosam.results.figures.style import GAP, MARGIN

# What black, the darkest a frame gets, is lifted to.
COLD = (BLACK_LEVEL,) * 3


def black_clips(clips: int, frames: int) -> np.ndarray:
    return np.zeros((clips, frames, 128, 64, 3), np.uint8)


def hot_corner(rows: int, columns: int) -> np.ndarray:
    mask = np.zeros((rows, columns))
    mask[0, 0] = 1
    return mask


def test_a_hot_corner_tints_only_that_corner() -> None:
    picture = overlay(np.zeros((128, 64, 3), np.uint8), hot_corner(8, 4))

    # One mask cell spans 24 pixels, so bilinear heat is gone 36 pixels from the corner.
    pixels = np.asarray(picture)
    assert picture.size == (96, 192)
    assert (pixels[40:] == BLACK_LEVEL).all()
    assert (pixels[:, 40:] == BLACK_LEVEL).all()
    red, green, blue = (int(value) for value in pixels[2, 2])
    assert red > BLACK_LEVEL + 60
    assert red > blue
    assert green > blue


def test_heat_grows_with_the_mask() -> None:
    frame = np.full((128, 64, 3), 128, np.uint8)
    reds = [np.asarray(overlay(frame, np.full((8, 4), level)))[0, 0, 0] for level in (0.0, 0.5, 1.0)]

    assert reds[0] == 159  # 64 + 128 * 191 / 255
    assert reds[0] < reds[1] < reds[2]


def test_the_frame_shows_through_the_hottest_place() -> None:
    hot = np.ones((8, 4))
    dark = np.asarray(overlay(np.zeros((128, 64, 3), np.uint8), hot)).astype(int)
    light = np.asarray(overlay(np.full((128, 64, 3), 255, np.uint8), hot)).astype(int)

    assert (light - dark).min() >= 60  # 191 grey levels under an opacity of 0.68


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


def test_a_bare_mask_is_blocks_of_one_colour_each() -> None:
    pixels = np.asarray(bare(hot_corner(2, 2), (10, 20)))

    assert pixels.shape == (20, 10, 3)
    assert (pixels[:10, :5] == pixels[0, 0]).all()
    assert (pixels[10:] == pixels[19, 9]).all()
    assert pixels[0, 0, 0] > 200 > 100 > pixels[19, 9, 0]  # plasma: from dark blue to yellow


def test_a_label_of_two_lines_stands_in_the_middle_of_its_row() -> None:
    dark = np.asarray(label("COSAM 4\n8x4", 192)).min(axis=(1, 2)) < 200

    lines = np.flatnonzero(dark)
    assert abs((lines[0] + lines[-1]) / 2 - 96) < 6
    assert not dark[lines[0] : lines[-1]].all()


def test_stretched_moves_the_range_to_0_and_1() -> None:
    assert stretched(np.array([0.25, 0.5, 0.75]), 0.25, 0.75).tolist() == [0, 0.5, 1]
    assert stretched(np.array([0.5, 0.5]), 0.5, 0.5).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.3, 0.75, "0.30 to 0.75"),
        (0.4951, 0.5009, "0.495 to 0.501"),
        (0.5, 0.5, "0.50 everywhere"),
        (0.5, 0.5000004, "0.50 everywhere"),
    ],
)
def test_range_text_has_the_digits_its_ends_need(low: float, high: float, words: str) -> None:
    assert range_text(low, high) == words


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
