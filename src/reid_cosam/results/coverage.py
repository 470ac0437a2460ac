"""How well masks cover the person, as a table: on the terminal, and in Markdown."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.box import SIMPLE
from rich.table import Table


class CoverageRow(NamedTuple):
    """Masks of a stage, or with `instead` others in their place, over a whole test set; in fractions of 1."""

    stage: int
    instead: str | None
    inside: float
    outside: float
    iou: float
    threshold: float
    energy_inside: float


_HEADINGS = ("inside", "outside", "IoU", "threshold", "energy inside")
_MEANING = """\
- inside, outside: mean of the mask on the person and elsewhere.
- IoU: intersection over union of the person and the places whose mask reaches the threshold, over all
  frames together. The threshold is the best on this very test set, one for all its frames.
- energy inside: the part of the mask's sum that lies on the person. For a flat mask, in which nothing
  stands out, it is the person's share of the picture.
- The rows below a stage's masks look at no picture: one mask stands in for all. Mean mask: of the set, what
  of the masks is place alone. Mean outline: of the persons, whose IoU is the best that place alone can give.
- A place that the person covers in part counts by that part. What hides a person is not the person."""


def coverage_table(rows: Sequence[CoverageRow], title: str) -> Table:
    """For a terminal of 80 columns."""
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("mask")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for place, row in enumerate(rows):
        if place and row.stage != rows[place - 1].stage:
            table.add_section()
        table.add_row(_name(row), *_numbers(row))
    return table


def coverage_markdown(rows: Sequence[CoverageRow], title: str) -> str:
    """Title, table, and what its columns and rows mean."""
    lines = [_line(("mask", *_HEADINGS)), _line(("---", *("---:" for _ in _HEADINGS)))]
    lines += [_line((_name(row), *_numbers(row))) for row in rows]
    return f"# {title}\n\n" + "\n".join(lines) + f"\n\n{_MEANING}\n"


def _name(row: CoverageRow) -> str:
    return f"COSAM {row.stage}" if row.instead is None else f"- {row.instead}"


def _numbers(row: CoverageRow) -> list[str]:
    return [f"{value:.3f}" for value in row[2:]]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
