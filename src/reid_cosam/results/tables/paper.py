"""The paper's tables: their titles, data sets and numbers, and which network belongs in which row.

`experiments/<table>/paper.csv` holds the numbers. The columns before `data` are the headings of the table's
rows, as printed. A line is a row of the table on one data set; `backbone` to `reranked` say which of our
results belongs beside it, and are empty where the row is another paper's.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.run_settings import NetworkSpec


class Layout(NamedTuple):
    """A table's title; the sweep that trains its rows; whether the best is that of a backbone or of all."""

    title: str
    experiment: str
    best_of_backbone: bool = True


LAYOUTS = {
    "table2": Layout("feature extractors and temporal aggregation", "table2"),
    "table3": Layout("COSAM after one block or two, with TP_avg", "table3"),
    "table4": Layout("with COSAM_4,5 and without", "table4"),
    "table5": Layout("our best model and others", "table4", best_of_backbone=False),
    "table6": Layout(
        "frames in a snippet, SE-ResNet50 + COSAM_4,5 + TP_avg", "table6", best_of_backbone=False
    ),
    "table7": Layout("queries by what the person carries", "table7"),
}


@dataclass(frozen=True)
class DataSet:
    """Its name in print, the protocol of the paper's numbers, and how many splits these are a mean of."""

    name: str
    protocol: str
    splits: int = 1


PAPER_DATA = {
    "mars": DataSet("MARS", "released"),
    "duke": DataSet("DukeMTMC-VideoReID", "released"),
    "ilids_vid": DataSet("iLIDS-VID", "cross_camera", splits=10),
}
SYNTHETIC = DataSet("synthetic", "released")
DATA_SETS = {**PAPER_DATA, SYNTHETIC.name: SYNTHETIC}

# On synthetic data small backbones stand for the paper's: by name, and by label.
STAND_INS = {"resnet50": "resnet_tiny", "se_resnet50": "se_resnet_tiny"}
_LABELS = {"SE-ResNet50": "SE-ResNet-tiny", "ResNet50": "ResNet-tiny", "SE50": "SE-tiny", "R50": "R-tiny"}
BACKBONES = (*STAND_INS, *STAND_INS.values())

# Only results that were re-ranked in this way stand beside the paper's: as `metrics.scoring.Reranking()`.
RERANKED_WITH = {"k1": 20, "k2": 6, "lambda_value": 0.3, "squared": True}

# How the rows with COSAM are trained, and those that the paper took over from its reference 13.
HEIGHT, WIDTH = 256, 128
SOURCE_HEIGHT = 224
LAST_STRIDES = {"tp_avg": 1, "ta": 2, "rnn": 1}
AS_COSAM = "size as COSAM"

SCORES = ["mAP", "R1", "R5", "R20"]
NETWORK = [*NetworkSpec.__dataclass_fields__]
# What each column must match; numbers are as printed, in percent.
_COLUMNS = {
    "data": "|".join(PAPER_DATA),
    **dict.fromkeys(("backbone", "agg"), r"\w*"),
    "cosam": r"(\[[\d,]*\])?",
    **dict.fromkeys(NETWORK[3:], r"\d*"),
    **{"attribute": r"\w*", "reranked": "yes|no"},
    **dict.fromkeys(SCORES, r"((\d|\d\d)(\.\d+)?|100(\.0+)?)?"),
}


@cache
def published_tables() -> Mapping[str, pd.DataFrame]:
    """The published numbers of every table, read once."""
    return {name: read_published(EXPERIMENTS / name / "paper.csv") for name in LAYOUTS}


def read_published(path: Path) -> pd.DataFrame:
    """Read a `paper.csv`: scores stay text, as printed; sizes of a row that is another paper's are 0.

    Raises:
        FileNotFoundError, ValueError: it is not there, or not whole.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: it holds the numbers that the paper prints")
    with path.open(encoding="utf-8", newline="") as file:
        heading, *lines = csv.reader(file)
    if len(heading) <= len(_COLUMNS) or heading[-len(_COLUMNS) :] != [*_COLUMNS]:
        raise ValueError(f"{path}: the columns must be those of the table's rows, then {','.join(_COLUMNS)}")
    for number, fields in enumerate(lines, start=2):
        if len(fields) != len(heading):
            raise ValueError(f"{path}, line {number}: {len(fields)} fields instead of {len(heading)}")
    table = pd.DataFrame(lines, columns=heading)
    for name, pattern in _COLUMNS.items():
        for number, value in enumerate(table[name], start=2):
            if not re.fullmatch(pattern, value):
                raise ValueError(f"{path}, line {number}: {name} is {value!r}, which must match {pattern}")
    numbers = {name: table[name].replace("", "0").astype(int) for name in NETWORK[3:]}
    return table.assign(**numbers, reranked=table.reranked == "yes")


def headings(table: pd.DataFrame) -> list[str]:
    """Those of the columns that name a row."""
    return [*table.columns[: table.columns.get_loc("data")]]


def printed_scores(rows: pd.DataFrame) -> list[str]:
    """The scores that the paper prints in any of the rows."""
    return [name for name in SCORES if (rows[name] != "").any()]


def tables_of(network: NetworkSpec) -> list[str]:
    """The tables with a row for this network or the one that it stands for, at any size and stride.

    Tables share runs: the best network stands in most of them.
    """
    large = {small: large for large, small in STAND_INS.items()}
    wanted = network.columns | {"backbone": large.get(network.backbone, network.backbone)}
    shape = NETWORK[:4]
    return [
        name
        for name, table in published_tables().items()
        if (table[shape] == [wanted[one] for one in shape]).all(axis=1).any()
    ]


def paper_slots(published: pd.DataFrame) -> pd.DataFrame:
    """The cells of a table: one row per label and data set, with the result that belongs there.

    `metrics` names its scores, `place` its data set, `size` a synthetic one's; `backbone` is empty where we
    train nothing.
    """
    rows = _with_twins(published)
    metrics = {
        key: printed_scores(same) for key, same in published.groupby(["data", "attribute"], sort=False)
    }
    of_rows: Any = [metrics[key] for key in zip(rows["data"], rows["attribute"], strict=True)]
    return rows.assign(
        size="",
        place=rows["data"].map({data: known.name for data, known in PAPER_DATA.items()}),
        metrics=of_rows,
    )


def synthetic_slots(published: pd.DataFrame, sets: pd.DataFrame) -> pd.DataFrame:
    """The same on synthetic sets: small backbones in place of the paper's, and no number of the paper's.

    Every row is trained like those with COSAM: there is no other source to be compared with. `sets` are sizes
    and the height of their images, which are half as wide.
    """
    slots = paper_slots(published)
    slots = slots[(slots["backbone"] != "") & (slots["height"] == HEIGHT)]
    labels = {
        name: slots[name].map(lambda label: stand_in(label.removesuffix(f", {AS_COSAM}")))
        for name in headings(slots)
    }
    backbones = slots["backbone"].map(STAND_INS)
    slots = slots.assign(**labels, backbone=backbones, data=SYNTHETIC.name, **dict.fromkeys(SCORES, ""))
    slots = slots.drop(columns=["size", "height"]).merge(sets, how="cross")
    size = slots["size"] + " at " + slots["height"].astype(str) + "x" + (slots["height"] // 2).astype(str)
    slots = slots.assign(width=slots["height"] // 2, place=f"{SYNTHETIC.name} " + size)
    return slots.drop_duplicates([*labels, "place", "attribute"], ignore_index=True)


def _with_twins(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows; after each whose source trained at another size, one at the size of the COSAM rows."""
    twins = rows[(rows["backbone"] != "") & (rows["height"] != HEIGHT)]
    labels = {name: twins[name].map(_twin_label) for name in headings(rows)}
    strides = twins["agg"].map(LAST_STRIDES)
    twins = twins.assign(
        **labels, height=HEIGHT, width=WIDTH, last_stride=strides, **dict.fromkeys(SCORES, "")
    )
    return gathered(pd.concat([rows, twins]).sort_index(kind="stable"), [*labels]).reset_index(drop=True)


def _twin_label(label: str) -> str:
    """`No COSAM [13]` becomes `No COSAM, size as COSAM`."""
    return f"{label.replace('[13]', '').strip(' +')}, {AS_COSAM}" if "[13]" in label else label


def gathered(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The rows that agree in the columns `by` together, in the order in which they first occur."""
    return rows.iloc[rows.groupby(by, sort=False).ngroup().argsort(kind="stable")]


def is_in(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> "pd.Series[bool]":
    """Which rows agree in the columns with any of the others."""
    wanted = pd.MultiIndex.from_frame(others[columns])
    return pd.Series(pd.MultiIndex.from_frame(rows[columns]).isin(wanted), rows.index)


def stand_in(label: str) -> str:
    """The same label with the small backbone's name."""
    named = (name for name in _LABELS if name in label)  # longer names first: they hold the shorter
    first = next(named, "")
    return label.replace(first, _LABELS[first]) if first else label
