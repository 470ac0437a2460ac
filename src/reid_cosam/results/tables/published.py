"""The published numbers of a table, as `experiments/<table>/paper.csv` holds them.

The columns before `data` are the headings of the table's rows, as printed. A row is a row of the table on
one data set; `backbone` to `reranked` say which of our results belongs beside it, and are empty for none.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reid_cosam.results.tables.records import SCORES, Network
from reid_cosam.results.tables.results_file import parse_network

_SETTINGS = ("backbone", "agg", "cosam", "num_frames", "height", "width", "last_stride")
_COLUMNS = ("data", *_SETTINGS, "attribute", "reranked", *SCORES)


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
    network: Network | None
    reranked: bool
    scores: Mapping[str, str]


@dataclass(frozen=True)
class PublishedTable:
    headings: tuple[str, ...]
    rows: Sequence[PublishedRow]


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
            rows.append(_row(line, names))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return PublishedTable(tuple(heading[:names]), rows)


def _row(line: Sequence[str], names: int) -> PublishedRow:
    fields = dict(zip(_COLUMNS, line[names:], strict=True))
    scores = {name: fields[name] for name in SCORES if fields[name]}
    for score in scores.values():
        if not 0 <= float(score) <= 100:
            raise ValueError(f"{score} is not a percentage")
    return PublishedRow(
        tuple(line[:names]),
        fields["data"],
        fields["attribute"],
        parse_network(fields) if fields["backbone"] else None,
        fields["reranked"] == "yes",
        scores,
    )
