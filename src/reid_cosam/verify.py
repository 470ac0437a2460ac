"""Say what a data set holds and what is wrong with it: `python -m reid_cosam.verify --help`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.data import packed
from reid_cosam.data.counts import count
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.verification import (
    SHORT,
    all_frames,
    parts,
    split_hash,
    summarise,
    unmatched,
    unreadable,
)
from reid_cosam.metrics.protocols import PROTOCOLS
from reid_cosam.results.counted_progress import counted
from reid_cosam.settings import DataSettings, VerifySettings

_NAMED = 5  # faults of a kind, the first of them


@command("verify", VerifySettings)
def main(settings: VerifySettings) -> None:
    """One report; the exit status is 1 where something is off."""
    if report(settings.data):
        raise SystemExit(1)


def report(data: DataSettings) -> list[str]:
    """Prints what the data set holds; returns what is off.

    Raises:
        ValueError, OSError: the data set cannot be read at all; the message says how to mend it.
    """
    if not build.is_rendered(data):
        raise FileNotFoundError(
            f"{data.root} holds no synthetic {data.size} set of seed {data.seed}, and this only reports: "
            "training renders it, or name where it is with data.root=..."
        )
    splits = build.read_splits(data)
    root = build.data_folder(data)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{data.name} in {root}{_which_split(data)}")
    off = [
        *_report_parts(splits, console),
        *_report_counts(count(splits), build.expected_counts(data), console),
        *_report_gaps(splits, data, console),
        *_report_queries(splits, data.protocol, console),
        *_report_pack(root, console),
        *_report_frames(all_frames(splits), data.workers, console),
    ]
    console.print(f"splits: sha256 {split_hash(splits, root)}")
    if unknown := build.unknown(data):
        console.print(f"not checked: {unknown}")
    whole = "all that was checked is as it should be" if unknown else "all is as it should be"
    console.print(f"off: {'; '.join(off)}" if off else whole)
    console.print("this was a report: no file was changed")
    return off


def _which_split(data: DataSettings) -> str:
    file = build.splits_file(data)
    half = f", {data.tested_half} half tested" if data.tested_half else ""
    return f", split {data.split} of {file}{half}" if file else ""


def _report_parts(splits: ReidSplits, console: Console) -> list[str]:
    lengths = ("min", "median", "max", *(f"<{limit}" for limit in SHORT))
    table = _table("split", "ids", "tracklets", "frames", "cams", *lengths)
    for name, tracklets in parts(splits).items():
        if tracklets:
            *sizes, shorter = summarise(tracklets)
            table.add_row(name, *(f"{size:,}".removesuffix(".0") for size in (*sizes, *shorter)))
    console.print(table)
    return [f"no {name} tracklets" for name in ("train", "query", "gallery") if not parts(splits)[name]]


def _report_counts(found: Mapping[str, int], expected: Mapping[str, int], console: Console) -> list[str]:
    if not expected:
        console.print("counts: nothing to compare them with")
        return []
    table = _table("count", "expected", "found", "")
    wrong = [name for name in expected if found[name] != expected[name]]
    for name in expected:
        mark = Text("wrong", "red") if name in wrong else Text("ok", "green")
        table.add_row(name, f"{expected[name]:,}", f"{found[name]:,}", mark)
    console.print(table)
    return [f"{len(wrong)} of {len(expected)} counts"] if wrong else []


def _report_gaps(splits: ReidSplits, data: DataSettings, console: Console) -> list[str]:
    gaps = build.numbering_gaps(data, splits)
    _print_first(gaps, console)
    tracklets = sum(map(len, parts(splits).values()))
    return [f"{len(gaps)} of {tracklets} tracklets with gaps in the numbers of their frames"] if gaps else []


def _report_queries(splits: ReidSplits, protocol: str, console: Console) -> list[str]:
    """A query without a match under one protocol may be as it should be, but not one under all of them."""
    table = _table("protocol", "gallery", "queries", "valid", "without a match")
    ranks_only = PROTOCOLS[protocol].ranks_only
    for rule in (one for one in PROTOCOLS.values() if one.ranks_only == ranks_only):
        gallery = [one for part in rule.gallery for one in parts(splits)[part]]
        lonely = len(unmatched(splits.query, gallery))
        numbers = (len(gallery), len(splits.query), len(splits.query) - lonely, lonely)
        table.add_row(rule.name, *(f"{number:,}" for number in numbers))
    console.print(table)
    never = unmatched(splits.query, (*splits.query, *splits.gallery))
    _print_first(
        [f"query of pid {one.pid}, camera {one.camid}: no other camera shows this person" for one in never],
        console,
    )
    return (
        [f"{len(never)} of {len(splits.query)} queries without a match under any protocol"] if never else []
    )


def _report_pack(root: Path, console: Console) -> list[str]:
    """What is amiss with the files of a pack as a whole; reading its frames names those that are damaged."""
    found = packed.find(str(root))
    if found is None:
        return []
    with counted(found.pack.megabytes, "MB of the pack") as advance:
        changed = found.pack.changed(advance)
    console.print(f"pack: {found.pack}")
    files = [str(found.pack.folder / name) for name in changed]
    _print_first([f"{file} is not what was packed: its SHA-256 is another" for file in files], console)
    return [f"{name} is not what was packed" for name in changed]


def _report_frames(frames: Sequence[str], workers: int, console: Console) -> list[str]:
    total = len(frames)
    with counted(total, "frames") as advance:
        faults = unreadable(frames, max(1, workers), advance)
    console.print(f"frames: {total:,}, {len(faults):,} of them missing or unreadable")
    _print_first([fault.reason for fault in faults], console)
    return [f"{len(faults)} of {total} frames missing or unreadable"] if faults else []


def _print_first(lines: Sequence[str], console: Console) -> None:
    for line in lines[:_NAMED]:
        console.print(f"  {line}")
    if len(lines) > _NAMED:
        console.print(f"  and {len(lines) - _NAMED:,} more")


def _table(first: str, *headings: str) -> Table:
    table = Table(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


if __name__ == "__main__":
    main()
