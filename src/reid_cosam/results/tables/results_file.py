"""Results written and read as `results.csv`, a row each."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reid_cosam.results.tables.records import SCORES, Network, Record, Scored, placement

COLUMNS = (
    *("data", "size", "split", "backbone", "agg", "cosam", "num_frames", "height", "width", "last_stride"),
    *(
        "seed",
        "recipe",
        "iterations",
        "sampling",
        "settings",
        "attribute",
        "reranked",
        "protocol",
        "valid_queries",
    ),
    *(*SCORES, "run"),
)


def results_csv(records: Sequence[Record]) -> str:
    """A row a result; numbers in full, so that reading them again gives the same tables."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_row, records))
    return text.getvalue()


def _row(record: Record) -> dict[str, object]:
    network, scored = vars(record.network), vars(record.scored)
    own = {name: value for name, value in vars(record).items() if name in COLUMNS}
    return {
        **network,
        **scored,
        **own,
        **record.scores,
        "cosam": placement(record.network.cosam),
        "split": "" if record.scored.split is None else record.scored.split,
        "reranked": "yes" if record.scored.reranked else "no",
        "run": " ".join(record.run.split()),  # one line a row, whatever a folder is called
    }


def read_results(path: Path) -> tuple[list[Record], list[str]]:
    """The results in a `results.csv`, and a message for each line that is not one.

    Every line is read by itself, so that a damaged one does not take others along.

    Raises:
        ValueError: the file has other columns.
    """
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    heading = next(csv.reader(lines[:1]), [])
    if tuple(heading) != COLUMNS:
        raise ValueError(f"it is no file of results: its first line must be {','.join(COLUMNS)}")
    records, faults = [], []
    for number, line in enumerate(lines[1:], start=2):
        try:
            records.append(_parse(line))
        except (ValueError, csv.Error) as error:
            faults.append(f"{path}, line {number} left out: {error}")
    return records, faults


def _parse(line: str) -> Record:
    (fields,) = csv.reader([line], strict=True) if line else ([],)
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} fields instead of {len(COLUMNS)}")
    row = dict(zip(COLUMNS, fields, strict=True))
    scored = Scored(
        row["data"],
        row["size"],
        None if row["split"] == "" else _integer(row, "split"),
        row["attribute"],
        _yes(row, "reranked"),
        row["protocol"],
    )
    return Record(
        parse_network(row),
        scored,
        _integer(row, "seed"),
        row["recipe"],
        _integer(row, "iterations"),
        row["sampling"],
        row["settings"],
        _integer(row, "valid_queries"),
        {name: _fraction(row, name) for name in SCORES},
        row["run"],
    )


def parse_network(row: Mapping[str, str]) -> Network:
    """The network that the columns of a row name; ValueError if one is not of its kind."""
    sizes = ("num_frames", "height", "width", "last_stride")
    return Network(
        row["backbone"], row["agg"], _placement(row["cosam"]), *(_integer(row, name) for name in sizes)
    )


def _placement(text: str) -> tuple[int, ...]:
    inside = text[1:-1]
    if (text[:1], text[-1:]) != ("[", "]") or any(not part.isdecimal() for part in _parts(inside)):
        raise ValueError(f"cosam is {text!r}, not a list such as [4,5]")
    return tuple(int(part) for part in _parts(inside))


def _parts(text: str) -> Iterator[str]:
    yield from (part.strip() for part in text.split(",") if text)


def _integer(row: Mapping[str, str], name: str) -> int:
    if not row[name].isdecimal():
        raise ValueError(f"{name} is {row[name]!r}, not a whole number")
    return int(row[name])


def _fraction(row: Mapping[str, str], name: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} is {row[name]!r}, not a number")
    return value


def _yes(row: Mapping[str, str], name: str) -> bool:
    if row[name] not in ("yes", "no"):
        raise ValueError(f"{name} is {row[name]!r}, neither yes nor no")
    return row[name] == "yes"
