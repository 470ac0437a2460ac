"""A report for one of the paper's tables: its published numbers, and the runs that belong beside them."""

from typing import Any

import pandas as pd
from wandb_workspaces import expr
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.dashboards import panels
from reid_cosam.results.tables.paper import (
    LAYOUTS,
    PAPER_DATA,
    STAND_INS,
    SYNTHETIC,
    headings,
    printed_scores,
)
from reid_cosam.results.tables.records import CONSECUTIVE


def report(entity: str, project: str, name: str, published: pd.DataFrame) -> reports.Report:
    """What stands in `reid-cosam tables`, as far as Weights & Biases can draw it."""
    sweep = LAYOUTS[name].experiment
    introduction = (
        f"Runs of `reid-cosam train experiment={sweep} data=... data.root=... logger.mode=online`, "
        f"and on synthetic data of `'experiment=[{sweep},tables_synthetic]' logger=wandb ...`. "
        f"The same numbers as a table: `reid-cosam tables from=wandb project=... tables={name}`."
    )
    blocks: list[Any] = [
        reports.MarkdownBlock(text=introduction),
        reports.H2("Published"),
        reports.MarkdownBlock(text=published_markdown(published)),
    ]
    metrics = [f"{one}/mAP" for one in panels.ATTRIBUTES] if name == "table7" else ["mAP", "R1"]
    for runs in _run_sets(published):
        curves = [panels.curve(metric) for metric in ("eval/mAP", "train/total")]
        drawn = [*map(panels.scores, metrics), *curves, panels.pictures()]
        blocks += [reports.H2(f"Ours on {runs.name}"), reports.PanelGrid(runsets=[runs], panels=drawn)]
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


def _run_sets(published: pd.DataFrame) -> list[reports.Runset]:
    """The runs of a table on each data set of the paper, then on synthetic ones with small backbones."""
    rows = published[published["backbone"] != ""]
    on_paper = [
        _run_set(known.name, data, rows[rows["data"] == data])
        for data, known in PAPER_DATA.items()
        if (rows["data"] == data).any()
    ]
    return [*on_paper, _run_set(f"{SYNTHETIC.name} data (rendered walkers)", SYNTHETIC.name, rows)]


def _run_set(title: str, data: str, rows: pd.DataFrame) -> reports.Runset:
    """Runs of these networks, grouped by the settings in which they differ, then by seed."""
    values: dict[str, list[object]] = {
        name: rows[column].unique().tolist() for name, column in panels.COLUMNS.items()
    }
    varied = [name for name, found in values.items() if len(found) > 1]
    if data == SYNTHETIC.name:
        values[panels.BACKBONE] = [STAND_INS[str(name)] for name in values[panels.BACKBONE]]
        del values[panels.HEIGHT]  # images are of any size there
    wanted = {"data.name": [data], "recipe.sampling.frames": list(CONSECUTIVE), **values}
    filters = [expr.Config(name).isin(found) for name, found in wanted.items()]
    return reports.Runset(
        name=title, filters=filters, groupby=[f"config.{name}" for name in (*varied, "seed")]
    )
