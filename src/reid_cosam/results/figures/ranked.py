"""Ranked retrieval lists: a query beside the gallery tracklets nearest to it, marked right or wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageOps

from reid_cosam.results.figures.style import (
    FAINT,
    INK,
    PAPER,
    beside,
    captioned,
    centred,
    enlarged,
    stacked,
    text,
    with_margin,
)

QUERY = "#1f3f77"
RIGHT = "#0a8f4d"
WRONG = "#cc2a2a"
BORDER = 5
QUERY_GAP = 24
ROW_GAP = 24
BADGE = 22


@dataclass(frozen=True, slots=True)
class RankedList:
    """A query and its nearest gallery tracklets, nearest first, each shown by one frame.

    All frames have one size; `gallery`, `correct` and `distances` are equally long.

    Raises:
        ValueError: the gallery is empty, counts or frame sizes differ, distances fall, or the average
            precision leaves 0..1.
    """

    query: UInt8[np.ndarray, "h w 3"]
    query_label: str
    gallery: UInt8[np.ndarray, "k _ _ 3"]
    correct: Bool[np.ndarray, " _"]
    distances: Float[np.ndarray, " _"]
    average_precision: float

    def __post_init__(self) -> None:
        counts = len(self.gallery), len(self.correct), len(self.distances)
        if len(set(counts)) != 1 or counts[0] == 0:
            raise ValueError(
                f"{self.query_label}: gallery frames, marks and distances must be equally many and not none, "
                f"got {counts[0]}, {counts[1]} and {counts[2]}"
            )
        if self.gallery.shape[1:] != self.query.shape:
            raise ValueError(
                f"{self.query_label}: gallery frames are {self.gallery.shape[1:]}, "
                f"the query is {self.query.shape}; resize them to one size"
            )
        if not (np.isfinite(self.distances).all() and (np.diff(self.distances) >= 0).all()):
            raise ValueError(
                f"{self.query_label}: distances must be finite and never fall, got {self.distances}"
            )
        if not 0 <= self.average_precision <= 1:
            raise ValueError(f"{self.query_label}: average precision {self.average_precision} is not in 0..1")


def ranked_lists_figure(queries: Sequence[RankedList]) -> Image.Image:
    """One row per query: the query in a blue frame, then its list in green (same person) and red frames.

    Ticks and crosses say the same as the colours. Rank and distance stand below each frame.

    Raises:
        ValueError: there are no queries.
    """
    if not queries:
        raise ValueError("there are no ranked lists to show")
    rows = [_row(ranked) for ranked in queries]
    return with_margin(stacked([*rows, _legend()], ROW_GAP))


def _row(ranked: RankedList) -> Image.Image:
    score = text(f"AP {100 * ranked.average_precision:.1f} %", bold=True, colour=QUERY)
    query = captioned(ImageOps.expand(enlarged(ranked.query), BORDER, QUERY), score)
    digits = decimals(float(ranked.distances[-1]))
    ranks = enumerate(zip(ranked.gallery, ranked.correct, ranked.distances, strict=True), start=1)
    cells = [
        _gallery_cell(frame, bool(correct), rank, f"{distance:.{digits}f}")
        for rank, (frame, correct, distance) in ranks
    ]
    return stacked([text(ranked.query_label, bold=True), beside([query, beside(cells)], QUERY_GAP)])


def _gallery_cell(frame: UInt8[np.ndarray, "h w 3"], correct: bool, rank: int, distance: str) -> Image.Image:
    picture = ImageOps.expand(enlarged(frame), BORDER, RIGHT if correct else WRONG)
    picture.paste(_badge(correct), (picture.width - BADGE, 0))
    return captioned(picture, beside([text(str(rank), bold=True), text(distance, colour=FAINT)], gap=8))


def decimals(largest: float) -> int:
    """Decimals that show a list's largest distance with about four digits."""
    return max(0, 4 - len(str(int(abs(largest)))))


def _badge(correct: bool) -> Image.Image:
    """A white tick on green or a white cross on red; drawn large and reduced, which smooths its edges."""
    large = Image.new("RGB", (4 * BADGE, 4 * BADGE), RIGHT if correct else WRONG)
    strokes = [[(20, 46), (38, 64), (68, 24)]] if correct else [[(24, 24), (63, 63)], [(63, 24), (24, 63)]]
    for stroke in strokes:
        ImageDraw.Draw(large).line(stroke, fill=PAPER, width=11, joint="curve")
    return large.resize((BADGE, BADGE), Image.Resampling.LANCZOS)


def _legend() -> Image.Image:
    query = Image.new("RGB", (BADGE, BADGE), QUERY)
    marks = ((query, "query"), (_badge(True), "same person"), (_badge(False), "other person"))
    entries = [beside([mark, _legend_text(meaning)]) for mark, meaning in marks]
    return beside([*entries, _legend_text("below each frame: rank and distance", FAINT)], gap=18)


def _legend_text(words: str, colour: str = INK) -> Image.Image:
    line = text(words, 13, colour=colour)
    return centred(line, line.width, BADGE)
