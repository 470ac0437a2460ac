"""What a command prints last: scores, what chance would give, and where everything is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from reid_cosam.words import data_name

SHOWN = ("mAP", "R1", "R5", "R20")
SPLIT_SCORES = ("mAP", "R1", "R5", "R10", "R20")
_RANKS_ONLY = "cross_camera"
EVALUATED = ("mAP", "mINP", "R1", "R5", "R10", "R20")
# Of a result, what makes scores incomparable where it differs.
HOW_SCORED = (
    *("queries", "valid_queries", "gallery", "gallery_tracklets"),
    *("distance", "reranking", "tested_frames", "camera_input"),
)


def print_summary(metrics: Mapping[str, Any], pictures: Mapping[str, Path], folder: Path) -> None:
    """Prints a run's scores in percent beside those of chance, and the paths of its pictures and folder."""
    console = Console(soft_wrap=True)
    queries = f"{metrics['valid_queries']} queries, protocol {metrics['protocol']}"
    title = queries if metrics["data"]["split"] is None else f"{data_name(metrics['data'])}: {queries}"
    table = _table("%", SHOWN, title=title)
    table.add_row("this run", *_percent(metrics, SHOWN))
    table.add_row("chance", *_percent(metrics["chance"], SHOWN))
    console.print(table)
    console.print(how_scored([metrics]), highlight=False)
    for stage, seen in (metrics["attention"] or {}).items():
        console.print(
            f"COSAM after block {stage}: mean mask {seen['inside']:.3f} on the person, "
            f"{seen['outside']:.3f} elsewhere"
        )
    _print_paths(console, pictures, folder)


def print_evaluation(metrics: Mapping[str, Any], pictures: Mapping[str, Path], folder: Path) -> None:
    """Prints one row of scores in percent per result and, below it, per attribute, then chance and all paths.

    Queries are the valid ones of all. `cross_camera` has ranks only: with one match per query, mAP and mINP
    say no more.
    """
    console = Console(soft_wrap=True)
    title = ", ".join(filter(None, (data_name(metrics["data"]), metrics.get("precision"), "percent")))
    # narrow enough for a terminal of 80 columns
    layout: dict[str, Any] = {"box": SIMPLE, "padding": (0, 1, 0, 0), "pad_edge": False}
    table = _table("protocol", ("queries", *EVALUATED), title=title, **layout)
    for column in table.columns:
        column.no_wrap = True
    for result in metrics["results"]:
        table.add_row(result["protocol"] + (", re-ranked" if result["reranked"] else ""), *_cells(result))
        for attribute, scores in result["by_attribute"].items():
            table.add_row(f"  with {attribute}", *_cells(scores))
    chance, protocol = metrics["chance"], metrics["results"][0]["protocol"]
    shown = [name for name in EVALUATED if name in chance and not (protocol == _RANKS_ONLY and name == "mAP")]
    cells = dict(zip(shown, _percent(chance, shown), strict=True))
    table.add_row(f"chance, {protocol}", "", *(cells.get(name, "-") for name in EVALUATED))
    console.print(table)
    console.print(how_scored(metrics["results"]), highlight=False)
    if "openset" in metrics:
        from reid_cosam.results.openset import print_open_set

        print_open_set(metrics["openset"])
    _print_paths(console, pictures, folder)


def how_scored(results: Sequence[Mapping[str, Any]]) -> str:
    """One line on what makes scores incomparable where it differs; empty where an older file lacks it.

    Results differ in protocol and re-ranking, or in the split, alone.
    """
    if not all(name in row for row in results for name in HOW_SCORED):
        return ""
    searched: dict[str, str] = {}
    for protocol in dict.fromkeys(row["protocol"] for row in results):
        rows = [row for row in results if row["protocol"] == protocol]
        searched[protocol] = (
            f"{_range(rows, 'gallery_tracklets')} tracklets ({' + '.join(rows[0]['gallery'])})"
        )
    first = results[0]
    if len(searched) == 1:
        valid = f"{_range(results, 'valid_queries')} of {_range(results, 'queries')} queries valid"
        gallery = f"{searched[first['protocol']]}, {valid}"
    else:
        gallery = ", ".join(f"{protocol} {text}" for protocol, text in searched.items())
    rerankings = [row["reranking"] for row in results if row["reranking"]]
    values = ", ".join(f"{name} {value}" for name, value in rerankings[0].items()) if rerankings else ""
    camera = {True: "given to the network", False: "not given to the network"}
    return "; ".join(
        [
            f"gallery: {gallery}",
            f"{first['distance']} distance" + (f", re-ranked with {values}" if values else ""),
            f"tested: {first['tested_frames']}",
            f"camera: {camera.get(first['camera_input'], 'unknown whether given to the network')}",
        ]
    )


def _range(results: Sequence[Mapping[str, Any]], name: str) -> str:
    counts = [row[name] for row in results]
    return " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))


def _cells(scores: Mapping[str, Any] | None) -> list[str]:
    if scores is None:
        return ["0", *("-" for _ in EVALUATED)]
    ranks_only = scores["protocol"] == _RANKS_ONLY
    percent = zip(EVALUATED, _percent(scores, EVALUATED), strict=True)
    cells = ("-" if ranks_only and name.startswith("m") else cell for name, cell in percent)
    return [f"{scores['valid_queries']}/{scores['queries']}", *cells]


def print_splits(groups: Mapping[str, Any], file: Path) -> None:
    """Prints one table per group in `splits.json`, the scores of `file`; nothing where there is none."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for name, group in groups.items():
        first, runs = group["splits"][0], group["splits"]
        half = f", {first['tested_half']} half tested" if first["tested_half"] else ""
        protocol = first["protocol"] + (", re-ranked" if first["reranked"] else "")
        console.print(f"{name}, {first['name']}{half}, {protocol}, {len(runs)} splits, percent")
        for path in sorted({run["splits_file"] for run in runs if run["splits_file"]}):
            console.print(f"splits: {path}")
        console.print(_split_table(group))
        if scored := how_scored(runs):
            console.print(scored)
        if not group["mean"]:
            console.print("no mean, as a split occurs more than once: evaluate one checkpoint per split")
    if groups:
        rules = {run.get("split_rule") for group in groups.values() for run in group["splits"]} - {None}
        for rule in sorted(rules):
            console.print(f"splits: {rule}")
        console.print(f"mean and standard deviation: {file}")


def _split_table(group: Mapping[str, Any]) -> Table:
    """One row per split, and the mean if there is one."""
    runs, mean, deviation = group["splits"], group["mean"], group["standard_deviation"]
    ranks_only = runs[0]["protocol"] == _RANKS_ONLY
    shown = [name for name in SPLIT_SCORES if not (ranks_only and name == "mAP")]
    table = _table("split", shown)
    for run in runs:
        table.add_row(str(run["split"]), *_percent(run, shown))
    table.add_section()
    if mean:
        spread = [f" ± {one}" for one in _percent(deviation, shown)] if deviation else [""] * len(shown)
        table.add_row("mean", *map("".join, zip(_percent(mean, shown), spread, strict=True)))
    return table


def _table(first: str, scores: Sequence[str], **layout: Any) -> Table:
    table = Table(first, **layout)
    for heading in scores:
        table.add_column(heading, justify="right")
    return table


def _percent(scores: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [f"{100 * scores[name]:.1f}" for name in names]


def _print_paths(console: Console, pictures: Mapping[str, Path], folder: Path) -> None:
    for name, path in pictures.items():
        console.print(f"{name.replace('_', ' ')}: {path}", highlight=False, markup=False)
    console.print(f"everything else: {folder}", highlight=False, markup=False)
