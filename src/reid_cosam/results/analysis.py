"""An analysis of attention as it is stored, printed and read again."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from reid_cosam.results.coverage import CoverageRow, coverage_markdown, coverage_table
from reid_cosam.results.store import read_record, write_record, write_text

ANALYSIS = "analysis.json"
PICTURE = "analysis.png"
_MEANING = """\
- place share: the part of the masks' variance, over all locations of all frames of the test set, that is the
  variance of the mean mask. At 100 % every frame has the same mask. The deviation is the standard one.
- flat: each location of a frame has the mean of the frame's mask.
- by place: each frame has the mean mask of the test set.
- swapped: each clip has the masks of a clip of another person, by a random permutation of all clips.
- flat channels: each channel of a clip has the mean of the clip's channel weights."""


class MaskRow(NamedTuple):
    """The masks of one block over a test set; `place_share` is None where they have no variance."""

    stage: int
    place_share: float | None
    mean: float
    deviation: float
    mean_mask: list[list[float]]


class ScoreRow(NamedTuple):
    """Scores with a change of the layers after some blocks, as fractions of 1."""

    change: str
    blocks: tuple[int, ...]
    mAP: float
    R1: float
    mAP_difference: float
    R1_difference: float


def write_analysis(
    masks: Sequence[MaskRow],
    scores: Sequence[ScoreRow],
    coverage: Sequence[CoverageRow] | None,
    about: Mapping[str, Any],
    folder: Path,
) -> None:
    """Writes `analysis.json`, `.csv` and `.md` under the title in `about`, and prints the tables."""
    title = about["title"]
    record = {
        **about,
        "masks": [row._asdict() for row in masks],
        "scores": [row._asdict() for row in scores],
        "coverage": coverage and [row._asdict() for row in coverage],
    }
    table = pd.DataFrame(scores).assign(blocks=[blocks_text(row.blocks) for row in scores])
    write_text(folder / "analysis.csv", table.to_csv(index=False, float_format="%.6g"))
    parts = [f"# {title}", *(_markdown(*one) for one in _tables(masks, scores)), _MEANING]
    if coverage:
        parts.append("#" + coverage_markdown(coverage, "Coverage of the person, first clip of each query"))
    write_text(folder / "analysis.md", "\n\n".join(parts).rstrip() + "\n")
    write_record(folder / ANALYSIS, record)
    console = Console(soft_wrap=True, highlight=False)
    console.print(title, style="bold")
    for headings, rows in _tables(masks, scores):
        console.print(_printed(headings, rows))
    if coverage:
        console.print(coverage_table(coverage, "coverage of the person, first clip of each query"))


def read_analysis(path: Path) -> tuple[dict[str, Any], list[MaskRow], list[ScoreRow]]:
    """What `analysis.json` says of the analysis, its masks and its scores.

    Raises:
        OSError, ValueError, KeyError, TypeError: the file is missing or damaged.
    """
    record = read_record(path)
    scores = [ScoreRow(**row | {"blocks": tuple(row["blocks"])}) for row in record["scores"]]
    return record, [MaskRow(**row) for row in record["masks"]], scores


def blocks_text(blocks: Sequence[int]) -> str:
    """`4 and 5`."""
    return " and ".join(map(str, blocks))


def score_cells(row: ScoreRow) -> list[str]:
    """mAP, its difference, R1 and its difference, in percent; no difference where nothing is changed."""
    cells = [f"{100 * row.mAP:.1f}", f"{100 * row.mAP_difference:+.1f}"]
    cells += [f"{100 * row.R1:.1f}", f"{100 * row.R1_difference:+.1f}"]
    return cells if row.change != "as trained" else [cells[0], "", cells[2], ""]


def share_text(share: float | None) -> str:
    """A share of place in percent, or a dash where masks have no variance."""
    return "-" if share is None else f"{100 * share:.0f} %"


_Cells = tuple[Sequence[str], list[list[str]]]


def _tables(masks: Sequence[MaskRow], scores: Sequence[ScoreRow]) -> Iterator[_Cells]:
    """Headings and rows of each."""
    yield (
        ("masks of block", "place share", "mean", "deviation"),
        [
            [str(row.stage), share_text(row.place_share), f"{row.mean:.3f}", f"{row.deviation:.3f}"]
            for row in masks
        ],
    )
    yield (
        ("layers", "blocks", "mAP", "difference", "R1", "difference"),
        [[row.change, blocks_text(row.blocks), *score_cells(row)] for row in scores],
    )


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _printed(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for cells in rows:
        table.add_row(*cells)
    return table
