"""A report for one of the paper's tables: its published numbers, and the runs that belong beside them."""

from typing import Any

from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.dashboards import panels
from reid_cosam.results.dashboards.selection import Selection, selections
from reid_cosam.results.tables.layout import LAYOUTS, PAPER_DATA
from reid_cosam.results.tables.published import PublishedTable


def report(entity: str, project: str, name: str, published: PublishedTable) -> reports.Report:
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


def published_markdown(published: PublishedTable) -> str:
    """The numbers that the paper prints, in percent, one table per data set."""
    parts = []
    for data, known in PAPER_DATA.items():
        rows = [row for row in published.rows if row.data == data]
        if rows:
            metrics, queries = published.metrics(rows[0]), any(row.attribute for row in rows)
            heading = [*published.headings, *(["queries"] if queries else []), *metrics]
            lines = [heading, ["---"] * len(heading)]
            for row in rows:
                labels = [*row.labels, *([row.attribute] if queries else [])]
                scores = [row.scores.get(name, "") for name in metrics]
                lines.append([*(label.replace("|", "\\|") for label in labels), *scores])
            parts.append("\n".join([f"**{known.name}**", "", *(f"| {' | '.join(line)} |" for line in lines)]))
    return "\n\n".join(parts)


def _grid(name: str, selection: Selection) -> reports.PanelGrid:
    wanted = [f"{attribute}/mAP" for attribute in panels.ATTRIBUTES] if name == "table7" else ["mAP", "R1"]
    bars = [panels.scores(metric) for metric in wanted]
    curves = [panels.curve(metric) for metric in ("eval/mAP", "train/total")]
    return reports.PanelGrid(runsets=[selection.runset()], panels=[*bars, *curves, panels.pictures()])
