"""A report for one of the paper's tables: its published numbers, and the runs that belong beside them."""

from collections.abc import Sequence
from typing import Any

from wandb_workspaces import expr
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.dashboards import panels
from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.layout import LAYOUTS, PAPER_DATA, STAND_INS, SYNTHETIC
from reid_cosam.results.tables.published import PublishedTable
from reid_cosam.results.tables.records import CONSECUTIVE


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


def published_markdown(published: PublishedTable) -> str:
    """The numbers that the paper prints, in percent, one table per data set."""
    parts = []
    for data, known in PAPER_DATA.items():
        rows = [row for row in published.rows if row.data == data]
        if not rows:
            continue
        metrics, queries = published.metrics(rows[0]), any(row.attribute for row in rows)
        lines = [[*published.headings, *["queries"] * queries, *metrics]]
        lines.append(["---"] * len(lines[0]))
        for row in rows:
            labels = (label.replace("|", "\\|") for label in [*row.labels, *[row.attribute] * queries])
            lines.append([*labels, *(row.scores.get(name, "") for name in metrics)])
        parts.append("\n".join([f"**{known.name}**", "", *(f"| {' | '.join(line)} |" for line in lines)]))
    return "\n\n".join(parts)


def _run_sets(published: PublishedTable) -> list[reports.Runset]:
    """The runs of a table on each data set of the paper, then on synthetic ones with small backbones."""
    rows = [(row.data, row.network) for row in published.rows if row.network is not None]
    places = {data: known.name for data, known in PAPER_DATA.items() if data in {name for name, _ in rows}}
    on_paper = [
        _run_set(title, data, [network for name, network in rows if name == data])
        for data, title in places.items()
    ]
    title = f"{SYNTHETIC.name} data (rendered walkers)"
    return [*on_paper, _run_set(title, SYNTHETIC.name, [network for _, network in rows])]


def _run_set(title: str, data: str, networks: Sequence[NetworkSpec]) -> reports.Runset:
    """Runs of these networks, grouped by the settings in which they differ, then by seed."""
    values: dict[str, list[object]] = {
        name: list(dict.fromkeys(map(of, networks))) for name, of in panels.COLUMNS.items()
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
