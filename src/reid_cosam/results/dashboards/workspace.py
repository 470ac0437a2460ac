"""The workspace: all runs of a project, grouped by table, network and seed."""

from wandb_workspaces import expr, workspaces

from reid_cosam.results.dashboards import panels
from reid_cosam.results.dashboards.selection import COLUMNS

NAME = "COSAM"
BLOCKS = (2, 3, 4, 5)


def workspace(entity: str, project: str) -> workspaces.Workspace:
    """Runs by the tables that they stand in, data set, what tells their networks apart, and seed."""
    keys = ("tables", "data.name", *COLUMNS, "seed")
    return workspaces.Workspace(
        entity=entity,
        project=project,
        name=NAME,
        sections=_sections(),
        runset_settings=workspaces.RunsetSettings(
            groupby=[expr.Config(name) for name in keys],
            order=[expr.Ordering(expr.Summary("mAP"), ascending=False)],
        ),
    )


def _sections() -> list[workspaces.Section]:
    contents = {
        "Scores": [panels.scores(metric) for metric in ("mAP", "R1")],
        "Who carries what": [panels.scores(f"{attribute}/mAP") for attribute in panels.ATTRIBUTES],
        "Training": [
            panels.curve(metric)
            for metric in (
                "eval/mAP",
                "train/total",
                "train/cross_entropy",
                "train/triplet",
                "train/learning_rate",
            )
        ],
        "Attention": [panels.pictures(), *map(panels.on_the_person, BLOCKS)],
    }
    return [workspaces.Section(name=name, panels=made, is_open=True) for name, made in contents.items()]
