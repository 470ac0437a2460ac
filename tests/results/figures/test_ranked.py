"""Ranked lists: frames in the colour of their verdict, and a mark that says the same without colour."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageColor

from reid_cosam.results.figures.ranked import (
    BADGE,
    BORDER,
    QUERY,
    QUERY_GAP,
    RIGHT,
    ROW_GAP,
    WRONG,
    RankedList,
    decimals,
    ranked_lists_figure,
)
from reid_cosam.results.figures.style import GAP, MARGIN, text

CELL = 96 + 2 * BORDER
TOP = MARGIN + text("x").height + GAP
FIRST = MARGIN + CELL + QUERY_GAP


def ranked(correct: list[bool], label: str = "pid 7, camera 1") -> RankedList:
    count = len(correct)
    return RankedList(
        query=np.full((128, 64, 3), 10, np.uint8),
        query_label=label,
        gallery=np.full((count, 128, 64, 3), 200, np.uint8),
        correct=np.array(correct, dtype=bool),
        distances=np.arange(count) / 4,
        average_precision=0.5,
    )


def gallery_left(rank: int) -> int:
    return FIRST + (rank - 1) * (CELL + GAP)


def test_borders_tell_query_right_and_wrong() -> None:
    pixels = np.asarray(ranked_lists_figure([ranked([True, False, True])]))

    lefts = [MARGIN, gallery_left(1), gallery_left(2), gallery_left(3)]
    for left, colour in zip(lefts, [QUERY, RIGHT, WRONG, RIGHT], strict=True):
        rgb = ImageColor.getrgb(colour)
        assert (pixels[TOP : TOP + 192 + 2 * BORDER, left : left + BORDER] == rgb).all()
        assert (pixels[TOP + 192 + BORDER : TOP + 192 + 2 * BORDER, left : left + CELL] == rgb).all()
    assert (pixels[TOP + 100, MARGIN + BORDER : MARGIN + CELL - BORDER] == 10).all()
    assert (pixels[TOP + 100, FIRST + BORDER : FIRST + CELL - BORDER] == 200).all()


def test_marks_differ_in_shape_not_only_in_colour() -> None:
    pixels = np.asarray(ranked_lists_figure([ranked([True, False])]))
    badges = [
        pixels[TOP : TOP + BADGE, gallery_left(rank) + CELL - BADGE : gallery_left(rank) + CELL]
        for rank in (1, 2)
    ]

    # White strokes: both marks reach the upper right, only the cross has an arm to the upper left.
    tick, cross = (np.asarray(badge.min(axis=-1) > 150) for badge in badges)
    assert tick[:9, -9:].any()
    assert cross[:9, -9:].any()
    assert cross[:9, :9].any()
    assert not tick[:9, :9].any()


def test_a_row_a_query_below_one_another() -> None:
    one = ranked_lists_figure([ranked([True, False])])
    two = np.asarray(ranked_lists_figure([ranked([True, False]), ranked([False, False])]))

    row = two.shape[0] - one.height
    line = text("x").height
    assert row == line + GAP + 192 + 2 * BORDER + GAP + line + ROW_GAP
    assert tuple(two[TOP + row, FIRST]) == ImageColor.getrgb(WRONG)


def test_each_list_may_have_its_own_length() -> None:
    sheet = ranked_lists_figure([ranked([True]), ranked([True] * 8)])

    assert sheet.width == gallery_left(8) + CELL + MARGIN


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"correct": np.array([True])}, "pid 7, camera 1: gallery frames, marks .* got 2, 1 and 2"),
        ({"distances": np.zeros(3)}, "got 2, 2 and 3"),
        ({"query": np.zeros((64, 32, 3), np.uint8)}, r"are \(128, 64, 3\), the query is \(64, 32, 3\)"),
        ({"distances": np.array([2.0, 1.0])}, "distances must be finite and never fall"),
        ({"distances": np.array([1.0, np.inf])}, "distances must be finite and never fall"),
        ({"average_precision": 1.5}, r"average precision 1\.5 is not in 0\.\.1"),
        ({"average_precision": float("nan")}, "average precision nan"),
    ],
)
def test_lists_that_do_not_fit_together_are_refused(changes: dict[str, object], message: str) -> None:
    whole = ranked([True, False])

    with pytest.raises(ValueError, match=message):
        replace(whole, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("largest", "digits"), [(0.8, 3), (9.99, 3), (26.85, 2), (1234.5, 0), (98765.0, 0)])
def test_distances_show_about_four_digits(largest: float, digits: int) -> None:
    assert decimals(largest) == digits


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="not none, got 0, 0 and 0"):
        ranked([])


def test_there_must_be_a_query() -> None:
    with pytest.raises(ValueError, match="no ranked lists"):
        ranked_lists_figure([])
