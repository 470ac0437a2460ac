"""The last thing a run says: its scores, what chance would give, and where everything is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

SHOWN = ("mAP", "R1", "R5", "R20")


def print_summary(metrics: Mapping[str, Any], pictures: Mapping[str, Path], folder: Path) -> None:
    """Prints the scores in percent, then the paths of the pictures and of the run's folder."""
    console = Console(soft_wrap=True)
    console.print(score_table(metrics))
    for stage, seen in (metrics["attention"] or {}).items():
        console.print(
            f"COSAM after block {stage}: mean mask {seen['inside']:.3f} on the person, "
            f"{seen['outside']:.3f} beside"
        )
    for name, path in pictures.items():
        console.print(f"{name.replace('_', ' ')}: {path}", highlight=False, markup=False)
    console.print(f"everything else: {folder}", highlight=False, markup=False)


def score_table(metrics: Mapping[str, Any]) -> Table:
    """mAP and ranks in percent, beside what a ranking by chance is expected to score."""
    title = f"{metrics['valid_queries']} queries, protocol {metrics['protocol']}"
    table = Table(title=title)
    for heading in ("%", *SHOWN):
        table.add_column(heading, justify="right" if heading in SHOWN else "left")
    table.add_row("this run", *(f"{100 * metrics[name]:.1f}" for name in SHOWN))
    table.add_row("chance", *(f"{100 * metrics['chance'][name]:.1f}" for name in SHOWN))
    return table
