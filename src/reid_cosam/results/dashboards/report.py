"""A report for one of the paper's tables: its published numbers, and the runs that belong beside them."""

from collections.abc import Sequence
from typing import Any

from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.dashboards import panels
from reid_cosam.results.dashboards.selection import Selection, selections
from reid_cosam.results.tables.layout import LAYOUTS, PAPER_DATA
from reid_cosam.results.tables.published import PublishedRow, PublishedTable
from reid_cosam.results.tables.records import SCORES


def report(entity: str, project: str, name: str, published: PublishedTable) -> reports.Report:
    """What stands in `python -m reid_cosam.tables`, as far as Weights & Biases can draw it."""
    number = name.removeprefix("table")
    blocks: list[Any] = [
        reports.MarkdownBlock(text=_introduction(name)),
        reports.H2("Published"),
        reports.MarkdownBlock(text=published_markdown(published)),
    ]
    for selection in selections(published):
        blocks += [reports.H2(f"Ours on {selection.title}"), _grid(name, selection)]
    return reports.Report(
        entity=entity,
        project=project,
        title=f"Table {number}: {LAYOUTS[name].title}",
        description="Mean and standard deviation over seeds. Scores on synthetic data are no scores on the "
        "data sets of the paper.",
        blocks=blocks,
        width="fluid",
    )


def _introduction(name: str) -> str:
    sweep = LAYOUTS[name].experiment
    return (
        f"Runs of `python -m reid_cosam.train experiment={sweep} data=... data.root=... logger.mode=online`, "
        f"and on synthetic data of `'experiment=[{sweep},tables_synthetic]' logger=wandb ...`. "
        f"The same numbers as a table: `python -m reid_cosam.tables from=wandb project=... tables={name}`."
    )


def published_markdown(published: PublishedTable) -> str:
    """The numbers that the paper prints, in percent, a table a data set."""
    parts = []
    for data, known in PAPER_DATA.items():
        rows = [row for row in published.rows if row.data == data]
        metrics = [name for name in SCORES if any(name in row.scores for row in rows)]
        if rows:
            heading = [
                *published.headings,
                *(["queries"] if any(row.attribute for row in rows) else []),
                *metrics,
            ]
            lines = [heading, ["---"] * len(heading), *(_cells(row, len(heading), metrics) for row in rows)]
            parts.append("\n".join([f"**{known.name}**", "", *(f"| {' | '.join(line)} |" for line in lines)]))
    return "\n\n".join(parts)


def _cells(row: PublishedRow, width: int, metrics: Sequence[str]) -> list[str]:
    named = [*row.labels, *([row.attribute] if width > len(row.labels) + len(metrics) else [])]
    return [*(label.replace("|", "\\|") for label in named), *(row.scores.get(name, "") for name in metrics)]


def _grid(name: str, selection: Selection) -> reports.PanelGrid:
    wanted = [f"{attribute}/mAP" for attribute in panels.ATTRIBUTES] if name == "table7" else ["mAP", "R1"]
    bars = [panels.scores(metric) for metric in wanted]
    curves = [panels.curve(metric) for metric in ("eval/mAP", "train/total")]
    return reports.PanelGrid(runsets=[selection.runset()], panels=[*bars, *curves, panels.pictures()])
