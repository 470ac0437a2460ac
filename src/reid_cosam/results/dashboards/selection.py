"""The runs that belong on a table's dashboard, selected by their settings."""

from dataclasses import dataclass

import pandas as pd
from wandb_workspaces import expr
from wandb_workspaces.reports import v2 as reports

from reid_cosam.results.run_settings import SETTINGS
from reid_cosam.results.tables.paper import PAPER_DATA, STAND_INS, SYNTHETIC
from reid_cosam.results.tables.records import CONSECUTIVE

_BACKBONE, _HEIGHT = "backbone_name", SETTINGS["height"]
# What distinguishes the rows of a table: by the name in a run's record at Weights & Biases, its column.
COLUMNS = {
    _BACKBONE: "backbone",
    "agg_name": "agg",
    "placement": "cosam",
    SETTINGS["num_frames"]: "num_frames",
    _HEIGHT: "height",
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


def selections(published: pd.DataFrame) -> list[Selection]:
    """On each data set of the paper, then on synthetic ones, where small backbones stand for the paper's."""
    rows = published[published["backbone"] != ""]
    found = []
    for data, known in PAPER_DATA.items():
        of_data = rows[rows["data"] == data]
        if len(of_data):
            found.append(_selection(known.name, data, of_data))
    synthetic = _selection(f"{SYNTHETIC.name} data (rendered walkers)", SYNTHETIC.name, rows)
    synthetic.filters[_BACKBONE] = [STAND_INS[str(name)] for name in synthetic.filters[_BACKBONE]]
    del synthetic.filters[_HEIGHT]  # images are of any size there
    return [*found, synthetic]


def _selection(title: str, data: str, rows: pd.DataFrame) -> Selection:
    values = {name: rows[column].unique().tolist() for name, column in COLUMNS.items()}
    varied = [name for name, found in values.items() if len(found) > 1]
    return Selection(
        title, {"data.name": [data], "recipe.sampling.frames": list(CONSECUTIVE), **values}, varied
    )
