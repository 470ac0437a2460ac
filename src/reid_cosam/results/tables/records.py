"""One result: the settings that distinguish it from others, and its scores; also a row of `results.csv`."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import NonNegativeInt, TypeAdapter, ValidationError

from reid_cosam.results.run_settings import NetworkSpec, placement

SCORES = ("mAP", "R1", "R5", "R20")
CONSECUTIVE = ("consecutive", "consecutive_released")  # frames of a training snippet, section 4
FOREIGN = " with "  # in the name of a recipe, before parts of other people
COLUMNS = (
    *("data", "size", "split", "backbone", "agg", "cosam", "num_frames", "height", "width", "last_stride"),
    *("seed", "recipe", "iterations", "sampling", "settings", "attribute", "reranked", "protocol"),
    *("valid_queries", *SCORES, "run"),
)
# Recipe, iterations, and the hash of other settings without those of the attention, which a row may lack.
Training = tuple[str, int, str]


@dataclass(frozen=True)
class Scored:
    """What was scored: `attribute` names a group of queries, "" all; `size` is that of a synthetic set."""

    data: str
    size: str
    split: NonNegativeInt | None
    attribute: str
    reranked: bool
    protocol: str


@dataclass(frozen=True)
class Record:
    """Scores of one run, as fractions of 1.

    Attributes:
        recipe: its name; `iterations` of training.
        sampling: how the frames of a training snippet are chosen.
        settings: a hash of all other settings that influence the numbers; after a dash that of the
            attention's settings, where there is attention.
        run: folder or address of the run.
        computed: precision, kind of device and number of processes; empty where that is not known.
    """

    network: NetworkSpec
    scored: Scored
    seed: NonNegativeInt
    recipe: str
    iterations: NonNegativeInt
    sampling: str
    settings: str
    valid_queries: NonNegativeInt
    scores: Mapping[str, float]
    run: str
    computed: str = ""

    def __post_init__(self) -> None:
        for name in SCORES:
            if not 0 <= self.scores[name] <= 1:  # NaN is refused as well
                raise ValueError(f"{name} is {self.scores[name]}, not a fraction of 1")
        if self.valid_queries < 1:
            raise ValueError(f"valid_queries is {self.valid_queries}")

    @property
    def key(self) -> tuple[object, ...]:
        """Two results with the same key were made in the same way."""
        made = self.recipe, self.iterations, self.sampling, self.settings
        return self.network, self.scored, self.seed, made

    @property
    def training(self) -> Training:
        return self.recipe, self.iterations, self.settings.partition("-")[0]

    @property
    def is_of_the_paper(self) -> bool:
        """Whether it was trained on consecutive frames, and with parts of this package alone."""
        return self.sampling in CONSECUTIVE and FOREIGN not in self.recipe

    def __str__(self) -> str:
        scored = self.scored
        parts = [
            f"{self.network} on {' '.join(filter(None, (scored.data, scored.size)))}",
            f"seed {self.seed}",
            f"split {scored.split}" if scored.split is not None else "",
            scored.attribute,
            "re-ranked" if scored.reranked else "",
        ]
        return ", ".join(filter(None, parts))


def most_common_training(records: Iterable[Record]) -> Training | None:
    """Of most of them, a repeated result counted once; of equally common ones the first in order."""
    counted = Counter(one.training for one in {record.key: record for record in records}.values())
    return min(counted, key=lambda made: (-counted[made], made), default=None)


def results_csv(records: Sequence[Record]) -> str:
    """One row per result; numbers in full, so that reading them again gives the same tables."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for record in records:
        fields = {**vars(record), **vars(record.network), **vars(record.scored), **record.scores}
        changed = {
            "cosam": placement(record.network.cosam),
            "reranked": "yes" if record.scored.reranked else "no",
            "run": " ".join(record.run.split()),  # one line per row, whatever a folder is called
        }
        writer.writerow(fields | changed)
    return text.getvalue()


def read_results(path: Path) -> tuple[list[Record], list[str]]:
    """The results in a `results.csv`, and a message for each line that is not one.

    Every line is read by itself, so that a damaged line costs no other.

    Raises:
        ValueError: the file has other columns.
    """
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    if tuple(next(csv.reader(lines[:1]), [])) != COLUMNS:
        raise ValueError(f"it is no file of results: its first line must be {','.join(COLUMNS)}")
    records, faults = [], []
    for number, line in enumerate(lines[1:], start=2):
        try:
            records.append(_parsed(line))
        except (ValueError, csv.Error) as error:
            faults.append(f"{path}, line {number} left out: {error}")
    return records, faults


def _parsed(line: str) -> Record:
    (fields,) = csv.reader([line], strict=True) if line else ([],)
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} fields instead of {len(COLUMNS)}")
    row: dict[str, Any] = dict(zip(COLUMNS, fields, strict=True))
    return _validated(
        Record,
        row
        | {"network": parse_network(row), "scored": row | {"split": row["split"] or None}}
        | {"scores": {name: row[name] for name in SCORES}},
    )


def parse_network(row: Mapping[str, str]) -> NetworkSpec:
    """The network that the columns of a row name; ValueError if one of them has no such value."""
    try:
        cosam = json.loads(row["cosam"])
    except ValueError:
        cosam = row["cosam"]
    return _validated(NetworkSpec, {**row, "cosam": cosam})


_T = TypeVar("_T")
_adapter: Any = cache(TypeAdapter)


def _validated(kind: type[_T], row: Mapping[str, Any]) -> _T:
    try:
        found: _T = _adapter(kind).validate_python(row)
        return found
    except ValidationError as error:
        fault = error.errors()[0]
        reason = fault["msg"].removeprefix("Value error, ")
        names = [part for part in fault["loc"] if isinstance(part, str)]
        raise ValueError(f"{names[-1]} is {fault['input']!r}: {reason}" if names else reason) from None
