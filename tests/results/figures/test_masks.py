"""Masks over frames: heat where the mask is strong, the bare grey frame where it is not."""

import numpy as np
import pytest

from reid_cosam.results.figures.masks import BLACK_LEVEL, bare, label, overlay, range_text, stretched


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
        (0.3, 0.75, "mask 0.30 to 0.75"),
        (0.4951, 0.5009, "mask 0.495 to 0.501"),
        (0.5, 0.5, "mask 0.50 everywhere"),
        (0.5, 0.5000004, "mask 0.50 everywhere"),
    ],
)
def test_range_text_has_the_digits_its_ends_need(low: float, high: float, words: str) -> None:
    assert range_text(low, high) == words
