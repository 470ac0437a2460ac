"""The runs that belong on a table's dashboard, told by their settings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wandb_workspaces import expr
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.tables.layout import PAPER_DATA, STAND_INS, SYNTHETIC
from reid_cosam.results.tables.published import PublishedTable
from reid_cosam.results.tables.records import Network, placement
from reid_cosam.results.tables.training import IN_A_ROW

# What tells the rows of a table apart, by the name in a run's record at Weights & Biases.
COLUMNS: dict[str, Callable[[Network], object]] = {
    "backbone_name": lambda network: network.backbone,
    "agg_name": lambda network: network.agg,
    "placement": lambda network: placement(network.cosam),
    "num_frames": lambda network: network.num_frames,
    "data.height": lambda network: network.height,
}
NETWORK = "network"  # all of these and the stride in one: runs that agree in it differ by seed and recipe


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
        """Grouped by what tells the rows apart, then by seed."""
        keys = [f"config.{name}" for name in (*self.varied, "seed")]
        return reports.Runset(
            name=self.title,
            filters=[expr.Config(name).isin(values) for name, values in self.filters.items()],
            groupby=keys,
        )


def selections(published: PublishedTable) -> list[Selection]:
    """On each data set of the paper, then on synthetic ones, where small backbones stand for the paper's."""
    found = []
    for data, known in PAPER_DATA.items():
        networks = [row.network for row in published.rows if row.data == data and row.network is not None]
        if networks:
            found.append(_selection(known.name, data, networks))
    every = [row.network for row in published.rows if row.network is not None]
    stand_ins = _selection(f"{SYNTHETIC.name} data (rendered walkers)", SYNTHETIC.name, every)
    backbones: list[object] = [STAND_INS[str(name)] for name in stand_ins.filters["backbone_name"]]
    wanted = stand_ins.filters | {"backbone_name": backbones}
    del wanted["data.height"]  # images are of any size there
    return [*found, Selection(stand_ins.title, wanted, stand_ins.varied)]


def _selection(title: str, data: str, networks: list[Network]) -> Selection:
    values = {name: _different(of(network) for network in networks) for name, of in COLUMNS.items()}
    varied = [name for name, found in values.items() if len(found) > 1]
    return Selection(title, {"data.name": [data], "recipe.sampling.frames": list(IN_A_ROW), **values}, varied)


def _different(values: Iterable[object]) -> list[object]:
    return list(dict.fromkeys(values))
