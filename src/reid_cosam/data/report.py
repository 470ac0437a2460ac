"""The report of `reid-cosam verify`: what a data set contains, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reid_cosam.data import packed
from reid_cosam.data.counts import count, sizes, too_small_for
from reid_cosam.data.frames import checked_content
from reid_cosam.data.masks import checked_mask, has_masks
from reid_cosam.data.packing import Counted
from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.verification import copied, first_lines, split_hash, unmatched, unreadable


def report(
    title: str,
    splits: ReidSplits,
    root: Path,
    reader: DatasetReader,
    galleries: Mapping[str, tuple[int, int]],
    workers: int,
    counted: Counted,
) -> list[str]:
    """Prints a report of the data set at `root`; returns its problems.

    Args:
        galleries: by protocol, the number of tracklets that are searched and that of valid queries.
        workers: threads that read and decode frames.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(title)
    problems = [
        *_parts(splits, console),
        *_counts(count(splits), reader, console),
        *_gaps(splits, reader, console),
        *_queries(splits, galleries, console),
        *_masks(splits, root, workers, counted, console),
        *_pack(root, counted, console),
        *_frames(splits, workers, counted, console),
    ]
    for line in (*splits.remarks, *too_small_for(splits)):
        console.print(line)
    if (rule := reader.split_rule(root)) is not None:
        console.print(f"split rule: {rule}")
    console.print(f"splits: sha256 {split_hash(splits, root)}")
    if reader.unknown:
        console.print(f"not checked: {reader.unknown}")
    console.print(f"problems: {'; '.join(problems)}" if problems else "no problems found")
    console.print("no file was changed")
    return problems


def _parts(splits: ReidSplits, console: Console) -> list[str]:
    found = sizes(splits)
    table = _table("split", *found.columns)
    for part, *numbers in found.itertuples(name=None):
        table.add_row(part, *(f"{number:,}".removesuffix(".0") for number in numbers))
    console.print(table)
    if not splits.train:
        console.print("no train tracklets: the data set can be evaluated, but not trained on")
    return [f"no {part} tracklets" for part in ("query", "gallery") if part not in found.index]


def _counts(found: Mapping[str, int], reader: DatasetReader, console: Console) -> list[str]:
    """Counts that nobody has verified have a column of their own, and are no problem."""
    expected, unverified = reader.counts, reader.unverified
    if not expected and not unverified:
        console.print("counts: no published counts")
        return []
    table = _table("count", "expected", *(["unverified"] if unverified else []), "found", "")
    wrong = [name for name in expected if found[name] != expected[name]]
    for name in expected:
        mark = Text("wrong", "red") if name in wrong else Text("ok", "green")
        table.add_row(name, f"{expected[name]:,}", *([""] if unverified else []), f"{found[name]:,}", mark)
    for name, number in unverified.items():
        mark = Text("ok", "green") if found[name] == number else Text("differs", "yellow")
        table.add_row(name, "", f"{number:,}", f"{found[name]:,}", mark)
    console.print(table)
    return [f"{len(wrong)} of {len(expected)} counts"] if wrong else []


def _gaps(splits: ReidSplits, reader: DatasetReader, console: Console) -> list[str]:
    gaps = reader.gaps(splits)
    _print(gaps, console)
    total = len(list(splits.tracklets()))
    return [f"{len(gaps)} of {total} tracklets with gaps in the numbers of their frames"] if gaps else []


def _queries(splits: ReidSplits, galleries: Mapping[str, tuple[int, int]], console: Console) -> list[str]:
    """A query without a match is no problem under one protocol, but it is one under all of them."""
    table = _table("protocol", "gallery", "queries", "valid", "without a match")
    for protocol, (gallery, valid) in galleries.items():
        numbers = (gallery, len(splits.query), valid, len(splits.query) - valid)
        table.add_row(protocol, *(f"{number:,}" for number in numbers))
    console.print(table)
    never = unmatched(splits.query, (*splits.query, *splits.gallery))
    lines = [f"query of pid {one.pid}, camera {one.camid}: no other camera saw this person" for one in never]
    _print(lines, console)
    total = len(splits.query)
    return [f"{len(never)} of {total} queries without a match under any protocol"] if never else []


def _masks(splits: ReidSplits, root: Path, workers: int, counted: Counted, console: Console) -> list[str]:
    try:
        found = has_masks(splits.query, root)
    except ValueError as error:
        console.print(f"person masks: {error}")
        return ["person masks are missing"]
    if not found:
        return []
    frames = list(dict.fromkeys(chain.from_iterable(one.frames for one in splits.query)))
    with counted(len(frames), "person masks") as advance:
        faults = unreadable(frames, workers, advance, partial(checked_mask, root=root))
    bad = f"{len(faults):,} of them unreadable or not of their frame's size"
    console.print(f"person masks: of all {len(frames):,} frames of queries, {bad}")
    _print(faults, console)
    return (
        [f"{len(faults)} of {len(frames)} person masks unreadable or not of their frame's size"]
        if faults
        else []
    )


def _pack(root: Path, counted: Counted, console: Console) -> list[str]:
    """Whether the files of a pack changed as a whole; reading its frames names those that are damaged."""
    found = packed.find(str(root))
    if found is None:
        return []
    with counted(found.pack.megabytes, "MB of the pack") as advance:
        changed = found.pack.changed(advance)
    console.print(f"pack: {found.pack}")
    for name in changed:
        console.print(f"  {found.pack.folder / name} differs from what was packed: it has another SHA-256")
    return [f"{name} differs from what was packed" for name in changed]


def _frames(splits: ReidSplits, workers: int, counted: Counted, console: Console) -> list[str]:
    frames, contents = splits.frames(), dict[str, int]()

    def read(frame: str) -> None:
        contents[frame] = hash(checked_content(frame))

    with counted(len(frames), "frames") as advance:
        faults = unreadable(frames, workers, advance, read)
    console.print(f"frames: {len(frames):,}, {len(faults):,} of them missing or unreadable")
    _print(faults, console)
    copies = copied(splits, contents)
    _print(copies, console)
    problems = [f"{len(faults)} of {len(frames)} frames missing or unreadable"] if faults else []
    return [
        *problems,
        *([f"{len(copies)} of {len(splits.query)} queries copied in the gallery"] if copies else []),
    ]


def _print(lines: Sequence[str], console: Console) -> None:
    for line in first_lines(lines):
        console.print(line)


def _table(first: str, *headings: str) -> Table:
    table = Table(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
