"""Open-set scores as a table on the screen and as rows of a CSV."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from reid_cosam.words import number_of

_COUNTS, _PARTS = ("people", "same_pairs", "different_pairs"), ("value", "low", "high")
_WIDTH = 120  # of a table, at most, however narrow the screen is

Row = tuple[str, Mapping[str, float] | None]


def print_open_set(scores: Mapping[str, Any], people: str = "people") -> None:
    """Prints each score in percent with its 95 % interval; a dash where it is not measurable.

    Args:
        scores: as `galleries.calibration.OpenSetScores` holds them.
        people: what is counted as such, in the plural.
    """
    rows = score_rows(scores)
    print_columns(
        ("open set, percent", "value", "95 % interval"),
        [
            (name, "-", "") if one is None else (name, _percent(one["value"]), interval(one))
            for name, one in rows
        ],
    )
    print(
        f"{scores['people']:,} {people}; {number_of(scores['same_pairs'], 'pair')} of one person, "
        f"{scores['different_pairs']:,} of different people; intervals by a bootstrap over {people}"
    )
    if None in dict(rows).values():
        reason = f"on so few {people} and pairs" if scores["same_pairs"] else "without pairs of one person"
        print(f"-: cannot be measured {reason}")


def print_columns(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table as wide as it is; the second and the third column are numbers."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place in (1, 2) else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True, highlight=False, width=_WIDTH).print(table)


def score_rows(scores: Mapping[str, Any]) -> list[Row]:
    """Name and measurement of every score."""
    rows = [("EER", scores["eer"])]
    rows += [(f"TPR at FPR {float(rate):.4g}", one) for rate, one in scores["tpr_at_fpr"].items()]
    rows += [(f"DIR at FAR {100 * float(rate):.3g} %", one) for rate, one in scores["dir_at_far"].items()]
    return rows


def score_table(by_name: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row per pair of cameras and score, as fractions of 1; empty where not measurable."""
    rows = [
        (cameras, *(scores[count] for count in _COUNTS), name, *map((measured or {}).get, _PARTS))
        for cameras, scores in by_name.items()
        for name, measured in score_rows(scores)
    ]
    return pd.DataFrame(rows, columns=["cameras", *_COUNTS, "score", *_PARTS])


def interval(measured: Mapping[str, float]) -> str:
    """In percent."""
    return f"{_percent(measured['low'])} to {_percent(measured['high'])}"


def _percent(value: float) -> str:
    return f"{100 * value:.2f}" if value < 0.1 else f"{100 * value:.1f}"
