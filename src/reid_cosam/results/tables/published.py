"""The published numbers of a table, as `experiments/<table>/paper.csv` holds them.

The columns before `data` are the headings of the table's rows, as printed. A row is a row of the table on
one data set; `backbone` to `reranked` say which of our results belongs beside it, and are empty for none.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.layout import LAYOUTS, STAND_INS
from reid_cosam.results.tables.records import SCORES, parse_network

_COLUMNS = (
    *("data", "backbone", "agg", "cosam", "num_frames", "height", "width", "last_stride"),
    *("attribute", "reranked", *SCORES),
)


@dataclass(frozen=True)
class PublishedRow:
    """A row of the table on one data set.

    Attributes:
        labels: under the table's headings, as printed.
        network: what we train for it, None where the row is another paper's.
        scores: as printed, in percent; without those that are not.
    """

    labels: tuple[str, ...]
    data: str
    attribute: str
    network: NetworkSpec | None
    reranked: bool
    scores: Mapping[str, str]


@dataclass(frozen=True)
class PublishedTable:
    headings: tuple[str, ...]
    rows: Sequence[PublishedRow]

    def metrics(self, of: PublishedRow) -> tuple[str, ...]:
        """The scores that the paper prints on the data set and for the queries of a row."""
        same = [row for row in self.rows if (row.data, row.attribute) == (of.data, of.attribute)]
        return tuple(name for name in SCORES if any(name in row.scores for row in same))


@cache
def published_tables() -> Mapping[str, PublishedTable]:
    """The published numbers of every table, read once."""
    return {name: read_published(EXPERIMENTS / name / "paper.csv") for name in LAYOUTS}


def read_published(path: Path) -> PublishedTable:
    """Read a `paper.csv`.

    Raises:
        FileNotFoundError, ValueError: it is not there, or not whole.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: it holds the numbers that the paper prints")
    with path.open(encoding="utf-8", newline="") as file:
        heading, *lines = csv.reader(file)
    names = len(heading) - len(_COLUMNS)
    if names < 1 or tuple(heading[names:]) != _COLUMNS:
        raise ValueError(f"{path}: the columns must be those of the table's rows, then {','.join(_COLUMNS)}")
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            rows.append(_row(tuple(line[:names]), dict(zip(_COLUMNS, line[names:], strict=True))))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return PublishedTable(tuple(heading[:names]), rows)


def _row(labels: tuple[str, ...], fields: Mapping[str, str]) -> PublishedRow:
    scores = {name: fields[name] for name in SCORES if fields[name]}
    for score in scores.values():
        if not 0 <= float(score) <= 100:
            raise ValueError(f"{score} is not a percentage")
    network = parse_network(fields) if fields["backbone"] else None
    return PublishedRow(
        labels, fields["data"], fields["attribute"], network, fields["reranked"] == "yes", scores
    )


def tables_of(network: NetworkSpec) -> list[str]:
    """The tables with a row for this network or the one that it stands for, at any size and stride.

    Tables share runs: the best network stands in most of them.
    """
    return [
        name
        for name, table in published_tables().items()
        if any(row.network is not None and _shape(row.network) == _shape(network) for row in table.rows)
    ]


def _shape(network: NetworkSpec) -> tuple[object, ...]:
    backbone = {small: large for large, small in STAND_INS.items()}.get(network.backbone, network.backbone)
    return backbone, network.agg, network.cosam, network.num_frames
