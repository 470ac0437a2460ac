"""What a benchmark finds: records, each a ratio against a named reference of the same run; their files."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from reid_cosam.results.store import write_json, write_text

HERE = Path(__file__).parents[1]
Better = Literal["less", "more", "share"]
HOW_TO_READ = """\
`python -m benchmarks --rewrite` writes this file from `results/*.json`; the command above a table repeats the
measurement. Every figure is compared with a reference of the same run on the same machine, and only their
ratio carries over to another. `2.00x` is twice as good as the reference, whichever way the unit counts; a
share is a percentage."""
NO_GPU = """\
No figure on a CUDA device has been measured yet: `bash benchmarks/gpu.sh` measures them on a machine with
one, each benchmark within ten minutes."""
HEADINGS = ("", "ours", "reference", "unit", "against", "ratio", "aim")
WORDS = ("unit", "against", "aim")  # to the left of their columns, numbers to the right


@dataclass(frozen=True)
class Record:
    """One figure and its reference, in the same unit.

    The ratio says how many times better ours is: reference / ours where less is better, ours / reference
    where more is. A `share` is ours as a part of the reference. `aim` is the least ratio wanted; of a share
    the largest. `case` is for names that several records share: a table then has one column a case.
    """

    name: str
    ours: float
    reference: float
    against: str
    unit: str
    better: Better
    aim: float | None = None
    case: str = ""

    @property
    def ratio(self) -> float:
        return self.reference / self.ours if self.better == "less" else self.ours / self.reference

    @property
    def met(self) -> bool | None:
        """None where nothing is aimed at."""
        if self.aim is None:
            return None
        return self.ratio <= self.aim if self.better == "share" else self.ratio >= self.aim

    def cells(self) -> list[str]:
        numbers = _number(self.ours), _number(self.reference)
        return [self.name, *numbers, self.unit, self.against, self.said, self._aimed()]

    @property
    def said(self) -> str:
        """The ratio in words."""
        return f"{100 * self.ratio:.1f}%" if self.better == "share" else f"{self.ratio:.2f}x"

    def _aimed(self) -> str:
        if self.aim is None:
            return ""
        aim = f"at most {100 * self.aim:g}%" if self.better == "share" else f"{self.aim:.3g}x"
        return f"{aim}: {'met' if self.met else 'missed'}"


@dataclass(frozen=True)
class Report:
    """All records of one run of one benchmark; `notes` is Markdown that says how to read them."""

    benchmark: str
    title: str
    notes: str
    command: str
    device: str
    machine: str
    versions: str
    taken: str
    load: float
    seconds: float
    records: Sequence[Record]

    def write(self, folder: Path) -> Path:
        """Writes `<benchmark>.json`, on CUDA `<benchmark>_cuda.json`."""
        suffix = "" if self.device == "cpu" else f"_{self.device}"
        path = folder / f"{self.benchmark}{suffix}.json"
        write_json(path, {**asdict(self), "records": [self._record(one) for one in self.records]})
        return path

    def _record(self, record: Record) -> dict[str, Any]:
        return {**asdict(record), "ratio": record.ratio, "met": record.met, "command": self.command}

    def markdown(self) -> str:
        where = f"{self.machine}; {self.versions}; load {self.load:.1f} before; {self.taken}"
        parts = [f"## {self.title}", f"`{self.command}`  \n{where}; {self.seconds:.0f} s.", self.notes]
        return "\n\n".join([*(part.strip() for part in parts if part), markdown(*table(self.records))])


def read_report(path: Path) -> Report:
    """A report from its JSON file.

    Raises:
        ValueError: it is none.
    """
    fields = Record.__dataclass_fields__
    try:
        content = json.loads(path.read_text())
        records = [
            Record(**{key: value for key, value in one.items() if key in fields})
            for one in content["records"]
        ]
        return Report(**{**content, "records": records})
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(
            f"{path} holds no report of a benchmark ({error}): repeat the measurement, or remove the file"
        ) from error


def table(records: Sequence[Record]) -> tuple[Sequence[str], list[list[str]]]:
    """Headings and rows. Cases stand side by side, after what the first of them is compared with."""
    if not any(one.case for one in records):
        return HEADINGS, [one.cells() for one in records]
    rows: dict[str, list[str]] = {}
    for one in records:
        first = [one.name, _number(one.reference)]
        rows.setdefault(one.name, first).append(f"{_number(one.ours)} ({one.said})")
    cases = dict.fromkeys(one.case for one in records)
    return [records[0].unit, records[0].against, *cases], list(rows.values())


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    sides = [":---", *(":---" if one in WORDS else "---:" for one in headings[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, sides, *rows))


def write_results(reports: Sequence[Report], path: Path) -> None:
    """Writes RESULTS.md: the aims at the top, then report after report."""
    write_text(path, "\n\n".join([_head(reports), *(one.markdown() for one in reports)]) + "\n")


def _head(reports: Sequence[Report]) -> str:
    aimed = [(one, record) for one in reports for record in one.records if record.met is not None]
    missed = [(one, record) for one, record in aimed if not record.met]
    found = f"{len(aimed) - len(missed)} of {len(aimed)} aims met."
    names = [f"- Missed, {one.title}: {', '.join(filter(None, record.cells()))}" for one, record in missed]
    on_gpu = any(one.device == "cuda" for one in reports)
    return "\n\n".join(["# Results", HOW_TO_READ, "\n".join([found, *names]), *([] if on_gpu else [NO_GPU])])


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
