"""The panels of workspace and reports; the workspace: all runs of a project by table, network and seed."""

from wandb_workspaces import expr, workspaces
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.run_settings import SETTINGS

BACKBONE, HEIGHT = "backbone_name", SETTINGS["height"]
# What distinguishes the rows of a table: by the name in a run's record at Weights & Biases, its column.
COLUMNS = {
    BACKBONE: "backbone",
    "agg_name": "agg",
    "placement": "cosam",
    SETTINGS["num_frames"]: "num_frames",
    HEIGHT: "height",
}
ATTRIBUTES = ("handbag", "hat", "backpack")
_NETWORK = "config.network"  # all that is varied in one word: runs that agree in it differ by seed and recipe
_OVER_SEEDS = {"groupby": _NETWORK, "groupby_aggfunc": "mean", "groupby_rangefunc": "stddev"}


def scores(metric: str) -> reports.BarPlot:
    """Mean and standard deviation over the seeds of every network."""
    return reports.BarPlot(title=f"{metric} by network", metrics=[metric], **_OVER_SEEDS)


def curve(metric: str) -> reports.LinePlot:
    """A quantity over iterations, averaged like `scores`."""
    return reports.LinePlot(title=metric, x="trainer/global_step", y=[metric], **_OVER_SEEDS)


def pictures() -> reports.MediaBrowser:
    """Attention, ranked lists and CMC curves of the chosen runs."""
    keys = ["pictures/attention", "pictures/ranked_lists", "pictures/cmc"]
    return reports.MediaBrowser(title="pictures", media_keys=keys)


def workspace(entity: str, project: str) -> workspaces.Workspace:
    """Runs by the tables that they stand in, data set, what distinguishes their networks, and seed."""
    training = ("eval/mAP", "train/total", "train/cross_entropy", "train/triplet", "train/learning_rate")
    on_the_person = [
        reports.BarPlot(
            title=f"COSAM after block {block}: mean mask on the person and elsewhere",
            metrics=[f"attention.{block}.inside", f"attention.{block}.outside"],
        )
        for block in (2, 3, 4, 5)
    ]
    sections = {
        "Scores": [scores(metric) for metric in ("mAP", "R1")],
        "By attribute": [scores(f"{attribute}/mAP") for attribute in ATTRIBUTES],
        "Training": [*map(curve, training)],
        "Attention": [pictures(), *on_the_person],
    }
    return workspaces.Workspace(
        entity=entity,
        project=project,
        name="COSAM",
        sections=[
            workspaces.Section(name=name, panels=panels, is_open=True) for name, panels in sections.items()
        ],
        runset_settings=workspaces.RunsetSettings(
            groupby=[expr.Config(name) for name in ("tables", "data.name", *COLUMNS, "seed")],
            order=[expr.Ordering(expr.Summary("mAP"), ascending=False)],
        ),
    )
