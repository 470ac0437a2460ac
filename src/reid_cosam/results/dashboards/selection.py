"""The runs that belong on a table's dashboard, selected by their settings."""

from collections.abc import Callable
from dataclasses import dataclass

from wandb_workspaces import expr
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.run_settings import SETTINGS, NetworkSpec, placement
from reid_cosam.results.tables.layout import PAPER_DATA, STAND_INS, SYNTHETIC
from reid_cosam.results.tables.published import PublishedTable
from reid_cosam.results.tables.records import CONSECUTIVE

_BACKBONE, _HEIGHT = "backbone_name", SETTINGS["height"]
# What distinguishes the rows of a table, by the name in a run's record at Weights & Biases.
COLUMNS: dict[str, Callable[[NetworkSpec], object]] = {
    _BACKBONE: lambda network: network.backbone,
    "agg_name": lambda network: network.agg,
    "placement": lambda network: placement(network.cosam),
    SETTINGS["num_frames"]: lambda network: network.num_frames,
    _HEIGHT: lambda network: network.height,
}


@dataclass(frozen=True)
class Selection:
    """Runs of one table on one data set.

    Attributes:
        title: of the data set; that of a synthetic one says so.
        filters: a run's setting, and the values of it that are wanted.
        varied: the settings in which the rows differ.
    """

    title: str
    filters: dict[str, list[object]]
    varied: list[str]

    def runset(self) -> reports.Runset:
        """Grouped by what distinguishes the rows, then by seed."""
        keys = [f"config.{name}" for name in (*self.varied, "seed")]
        filters = [expr.Config(name).isin(values) for name, values in self.filters.items()]
        return reports.Runset(name=self.title, filters=filters, groupby=keys)


def selections(published: PublishedTable) -> list[Selection]:
    """On each data set of the paper, then on synthetic ones, where small backbones stand for the paper's."""
    rows = [(row.data, row.network) for row in published.rows if row.network is not None]
    found = []
    for data, known in PAPER_DATA.items():
        networks = [network for name, network in rows if name == data]
        if networks:
            found.append(_selection(known.name, data, networks))
    title = f"{SYNTHETIC.name} data (rendered walkers)"
    synthetic = _selection(title, SYNTHETIC.name, [network for _, network in rows])
    synthetic.filters[_BACKBONE] = [STAND_INS[str(name)] for name in synthetic.filters[_BACKBONE]]
    del synthetic.filters[_HEIGHT]  # images are of any size there
    return [*found, synthetic]


def _selection(title: str, data: str, networks: list[NetworkSpec]) -> Selection:
    values = {name: list(dict.fromkeys(map(of, networks))) for name, of in COLUMNS.items()}
    varied = [name for name, found in values.items() if len(found) > 1]
    return Selection(
        title, {"data.name": [data], "recipe.sampling.frames": list(CONSECUTIVE), **values}, varied
    )
