"""The moves that sheets are put together with."""

import numpy as np
import pytest
from PIL import Image

from reid_cosam.results.figures.style import MARGIN, beside, centred, enlarged, stacked, text, with_margin

RED = Image.new("RGB", (10, 20), "#ff0000")
BLUE = Image.new("RGB", (30, 8), "#0000ff")
WHITE = (255, 255, 255)


@pytest.mark.parametrize(
    ("height", "width", "shown"),
    [(128, 64, (96, 192)), (256, 128, (128, 256)), (100, 100, (192, 192)), (400, 50, (96, 768))],
)
def test_small_frames_grow_and_keep_their_proportions(
    height: int, width: int, shown: tuple[int, int]
) -> None:
    assert enlarged(np.zeros((height, width, 3), np.uint8)).size == shown


def test_beside_sets_images_left_to_right() -> None:
    sheet = beside([RED, BLUE], gap=4)

    assert sheet.size == (44, 20)
    assert [sheet.getpixel(place) for place in [(9, 19), (10, 0), (14, 7), (14, 8)]] == [
        (255, 0, 0),
        WHITE,
        (0, 0, 255),
        WHITE,
    ]


def test_stacked_sets_images_top_to_bottom() -> None:
    sheet = stacked([RED, BLUE], gap=4)

    assert sheet.size == (30, 32)
    assert [sheet.getpixel(place) for place in [(9, 19), (10, 0), (0, 23), (29, 24)]] == [
        (255, 0, 0),
        WHITE,
        WHITE,
        (0, 0, 255),
    ]


def test_centred_leaves_equal_paper_on_both_sides() -> None:
    cell = centred(RED, 30, 20)

    assert [cell.getpixel((x, 0)) for x in (9, 10, 19, 20)] == [WHITE, (255, 0, 0), (255, 0, 0), WHITE]


def test_margin_goes_all_around() -> None:
    sheet = with_margin(RED)

    assert sheet.size == (10 + 2 * MARGIN, 20 + 2 * MARGIN)
    assert sheet.getpixel((MARGIN - 1, MARGIN)) == WHITE
    assert sheet.getpixel((MARGIN, MARGIN)) == (255, 0, 0)


def test_lines_of_text_are_equally_high_and_have_ink() -> None:
    low, high = text("ace"), text("Äjg")

    assert low.height == high.height
    assert np.asarray(low).min() < 100
