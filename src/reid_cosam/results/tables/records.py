"""Results: a row for each, in a file such as `results.csv` and in a table of pandas."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError
from pydantic.dataclasses import dataclass

from reid_cosam.results.faults import noting
from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.paper import NETWORK

CONSECUTIVE = ("consecutive", "consecutive_released")  # frames of a training snippet, section 4
FOREIGN = " with "  # in the name of a recipe, before parts of other people

_Blocks = Annotated[
    str, Field(pattern=r"^\[ *(\d+( *, *\d+)* *)?\]$"), AfterValidator(lambda text: text.replace(" ", ""))
]
_Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class Record:
    """Scores of one run, as fractions of 1; all fields but the last are the columns of `results.csv`.

    Attributes:
        size: that of a synthetic set.
        recipe: its name; `iterations` of training.
        sampling: how the frames of a training snippet are chosen.
        settings: a hash of all other settings that influence the numbers; after a dash that of the
            attention's settings, where there is attention.
        attribute: names a group of queries, "" all.
        run: folder or address of the run.
        computed: precision, kind of device and number of processes; empty where that is not known.
    """

    data: str
    size: str
    split: NonNegativeInt | None
    backbone: str
    agg: str
    cosam: _Blocks
    num_frames: NonNegativeInt
    height: NonNegativeInt
    width: NonNegativeInt
    last_stride: NonNegativeInt
    seed: NonNegativeInt
    recipe: str
    iterations: NonNegativeInt
    sampling: str
    settings: str
    attribute: str
    reranked: bool
    protocol: str
    valid_queries: PositiveInt
    mAP: _Fraction
    R1: _Fraction
    R5: _Fraction
    R20: _Fraction
    run: str
    computed: str = ""

    @property
    def network(self) -> NetworkSpec:
        fields = {name: vars(self)[name] for name in NETWORK}
        return NetworkSpec(**fields | {"cosam": tuple(json.loads(self.cosam))})

    def __str__(self) -> str:
        parts = [
            f"{self.network} on {' '.join(filter(None, (self.data, self.size)))}",
            f"seed {self.seed}",
            f"split {self.split}" if self.split is not None else "",
            self.attribute,
            "re-ranked" if self.reranked else "",
        ]
        return ", ".join(filter(None, parts))


FIELDS = [*Record.__dataclass_fields__]
COLUMNS = FIELDS[:-1]


def make_record(fields: Mapping[str, Any]) -> Record:
    """A record of checked fields; the ValueError names the first that is wrong, and its value."""
    try:
        return Record(**fields)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ValueError(f"{fault['loc'][0]} is {fault['input']!r}: {fault['msg']}") from None


def results_table(records: Iterable[Record]) -> pd.DataFrame:
    """The fields of a record as columns; and what it and its network are called.

    `basis` is its settings without those of the attention, which a row may lack.
    """
    rows = [{**vars(record), "network": str(record.network), "name": str(record)} for record in records]
    table = pd.DataFrame(rows, columns=[*FIELDS, "network", "name"])
    table["basis"] = [settings.partition("-")[0] for settings in table["settings"]]
    numbers = ("num_frames", "height", "width", "last_stride", "seed", "iterations", "valid_queries")
    return table.astype(dict.fromkeys(numbers, int) | {"split": "Int64", "reranked": bool})


def of_the_paper(results: pd.DataFrame) -> "pd.Series[bool]":
    """Which were trained on consecutive frames, and with parts of this package alone."""
    foreign = results["recipe"].str.contains(FOREIGN, regex=False)
    return results["sampling"].isin(CONSECUTIVE) & ~foreign


def results_csv(results: pd.DataFrame) -> str:
    """One row per result; numbers in full, so that reading them again gives the same tables."""
    reranked = results["reranked"].map({True: "yes", False: "no"})
    runs = results["run"].map(
        lambda run: " ".join(run.split())
    )  # one line per row, whatever a folder is called
    return results.assign(reranked=reranked, run=runs).to_csv(
        columns=COLUMNS, index=False, lineterminator="\n"
    )


def read_results(path: Path, faults: list[str]) -> list[Record]:
    """The results in a `results.csv`; `faults` gets a message for each line that is not one.

    Every line is read by itself, so that a damaged line costs no other.

    Raises:
        ValueError: the file has other columns.
    """
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    if next(csv.reader(lines[:1]), []) != COLUMNS:
        raise ValueError(f"it is no file of results: its first line must be {','.join(COLUMNS)}")
    records = []
    for number, line in enumerate(lines[1:], start=2):
        with noting(faults, f"{path}, line {number}"):
            fields = next(csv.reader([line], strict=True), [])
            if len(fields) != len(COLUMNS):
                raise ValueError(f"{len(fields)} fields instead of {len(COLUMNS)}")
            row = dict(zip(COLUMNS, fields, strict=True))
            records.append(make_record(row | {"split": row["split"] or None}))
    return records
