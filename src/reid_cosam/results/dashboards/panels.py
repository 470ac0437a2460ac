"""The panels that workspace and reports are made of."""

from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.dashboards.selection import NETWORK

ITERATION = "trainer/global_step"
PICTURES = ["pictures/attention", "pictures/ranked_lists", "pictures/cmc"]
ATTRIBUTES = ("handbag", "hat", "backpack")


def scores(metric: str) -> reports.BarPlot:
    """Mean and standard deviation over the seeds of every network."""
    return reports.BarPlot(
        title=f"{metric} by network",
        metrics=[metric],
        groupby=f"config.{NETWORK}",
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
    )


def curve(metric: str) -> reports.LinePlot:
    """A quantity over iterations, averaged like `scores`."""
    return reports.LinePlot(
        title=metric,
        x=ITERATION,
        y=[metric],
        groupby=f"config.{NETWORK}",
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
    )


def pictures() -> reports.MediaBrowser:
    """Attention, ranked lists and CMC curves of the chosen runs."""
    return reports.MediaBrowser(title="pictures", media_keys=PICTURES)


def on_the_person(block: int) -> reports.BarPlot:
    """Mean mask on the person and beside, where person masks exist."""
    return reports.BarPlot(
        title=f"COSAM after block {block}: mean mask on the person and beside",
        metrics=[f"attention.{block}.inside", f"attention.{block}.outside"],
    )
