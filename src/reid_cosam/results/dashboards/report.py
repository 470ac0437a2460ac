"""A report for one of the paper's tables: its published numbers, and the runs that belong beside them."""

from typing import Any

import pandas as pd
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.dashboards import panels
from reid_cosam.results.dashboards.selection import Selection, selections
from reid_cosam.results.tables.paper import LAYOUTS, PAPER_DATA, headings, printed_scores


def report(entity: str, project: str, name: str, published: pd.DataFrame) -> reports.Report:
    """What stands in `python -m reid_cosam.tables`, as far as Weights & Biases can draw it."""
    sweep = LAYOUTS[name].experiment
    introduction = (
        f"Runs of `python -m reid_cosam.train experiment={sweep} data=... data.root=... logger.mode=online`, "
        f"and on synthetic data of `'experiment=[{sweep},tables_synthetic]' logger=wandb ...`. "
        f"The same numbers as a table: `python -m reid_cosam.tables from=wandb project=... tables={name}`."
    )
    blocks: list[Any] = [
        reports.MarkdownBlock(text=introduction),
        reports.H2("Published"),
        reports.MarkdownBlock(text=published_markdown(published)),
    ]
    for selection in selections(published):
        blocks += [reports.H2(f"Ours on {selection.title}"), _grid(name, selection)]
    return reports.Report(
        entity=entity,
        project=project,
        title=f"Table {name.removeprefix('table')}: {LAYOUTS[name].title}",
        description="Mean and standard deviation over seeds. Scores on synthetic data are no scores on the "
        "data sets of the paper.",
        blocks=blocks,
        width="fluid",
    )


def published_markdown(published: pd.DataFrame) -> str:
    """The numbers that the paper prints, in percent, one table per data set."""
    parts = []
    for data, known in PAPER_DATA.items():
        rows = published[published["data"] == data]
        if len(rows):
            queries = ["attribute"] if (rows["attribute"] != "").any() else []
            shown = rows[[*headings(rows), *queries, *printed_scores(rows)]]
            shown = shown.rename(columns={"attribute": "queries"}).replace(r"\|", r"\\|", regex=True)
            lines = [[*shown], ["---"] * len(shown.columns), *shown.to_numpy()]
            parts.append("\n".join([f"**{known.name}**", "", *(f"| {' | '.join(line)} |" for line in lines)]))
    return "\n\n".join(parts)


def _grid(name: str, selection: Selection) -> reports.PanelGrid:
    wanted = [f"{attribute}/mAP" for attribute in panels.ATTRIBUTES] if name == "table7" else ["mAP", "R1"]
    bars = [panels.scores(metric) for metric in wanted]
    curves = [panels.curve(metric) for metric in ("eval/mAP", "train/total")]
    return reports.PanelGrid(runsets=[selection.runset()], panels=[*bars, *curves, panels.pictures()])
