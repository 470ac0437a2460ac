"""The last thing a run says: its scores, what chance would give, and where everything is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
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
    _print_paths(console, pictures, folder)


SPLIT_SCORES = ("mAP", "R1", "R5", "R10", "R20")
EVALUATED = ("mAP", "mINP", "R1", "R5", "R10", "R20")


def print_evaluation(metrics: Mapping[str, Any], pictures: Mapping[str, Path], folder: Path) -> None:
    """Prints a row of scores in percent for every result, then where everything is."""
    console = Console(soft_wrap=True)
    console.print(evaluation_table(metrics))
    _print_paths(console, pictures, folder)


def evaluation_table(metrics: Mapping[str, Any]) -> Table:
    """Every result, and under it those whose person carries something; queries are the valid ones of all.

    `cross_camera` has ranks only: with one match a query, mAP and mINP say no more.
    """
    title = f"{metrics['data']['name']}, {metrics['distance']} distance, {metrics['precision']}, percent"
    # narrow enough for a terminal of 80 columns
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("protocol", no_wrap=True)
    for heading in ("queries", *EVALUATED):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in metrics["results"]:
        name = result["protocol"] + (", re-ranked" if result["reranked"] else "")
        table.add_row(name, *_cells(result))
        for attribute, scores in result["carriers"].items():
            table.add_row(f"  with {attribute}", *_cells(scores))
    return table


def _cells(scores: Mapping[str, Any] | None) -> list[str]:
    if scores is None:
        return ["0", *("-" for _ in EVALUATED)]
    ranks_only = scores["protocol"] == "cross_camera"
    return [
        f"{scores['valid_queries']}/{scores['queries']}",
        *("-" if ranks_only and name[0] == "m" else f"{100 * scores[name]:.1f}" for name in EVALUATED),
    ]


def print_splits(groups: Mapping[str, Any], file: Path) -> None:
    """Prints a table for every group in `splits.json`, the scores of `file`; nothing where there is none."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for name, group in groups.items():
        console.print(_about_splits(name, group["splits"]))
        console.print(_split_table(group))
        if not group["mean"]:
            console.print("no mean, as a split stands more than once: evaluate one checkpoint a split")
    if groups:
        console.print(f"mean and standard deviation: {file}")


def _about_splits(name: str, runs: Sequence[Mapping[str, Any]]) -> str:
    first = runs[0]
    half = f", {first['tested_half']} half tested" if first["tested_half"] else ""
    reranked = ", re-ranked" if first["reranked"] else ""
    files = sorted({run["splits_file"] for run in runs if run["splits_file"]})
    told = f"{name}, {first['name']}{half}, {first['protocol']}{reranked}, {len(runs)} splits, percent"
    return "\n".join([told, *(f"splits: {file}" for file in files)])


def _split_table(group: Mapping[str, Any]) -> Table:
    """A row a split, and the mean if there is one."""
    runs, mean, deviation = group["splits"], group["mean"], group["standard_deviation"]
    ranks_only = runs[0]["protocol"] == "cross_camera"
    shown = [name for name in SPLIT_SCORES if not (ranks_only and name == "mAP")]
    table = Table()
    table.add_column("split")
    for name in shown:
        table.add_column(name, justify="right")
    for run in runs:
        table.add_row(str(run["split"]), *(f"{100 * run[name]:.1f}" for name in shown))
    table.add_section()
    if mean:
        cells = (
            f"{100 * mean[name]:.1f}" + (f" ± {100 * deviation[name]:.1f}" if deviation else "")
            for name in shown
        )
        table.add_row("mean", *cells)
    return table


def _print_paths(console: Console, pictures: Mapping[str, Path], folder: Path) -> None:
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
