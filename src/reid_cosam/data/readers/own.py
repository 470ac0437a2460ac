"""Splits of your own tracklets, from a table that says of each frame whom it shows, and where."""

import re
from collections.abc import Collection, Mapping

import pandas as pd

from reid_cosam.data.own_split import HALVES, QUERIES, queries_and_gallery, trained_people
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.pids import JUNK_PID

Split = int | None
"""Number of a seeded split, 0 to 9; None where the data set has parts."""
PARTS = ("train", "query", "gallery", "test", "junk")
_DISTRACTOR = 0
_TRACKLET = ["part", "pid", "camid", "tracklet", "clothes", "view"]
_EXPECTED = "expected query and gallery, or test, beside train and perhaps junk; or no parts at all"


def check_parts(parts: Collection[str], split: int | None, source: str) -> None:
    """Raise ValueError unless these parts make a split, or there are none and a seeded one is asked for."""
    named = ", ".join(part for part in PARTS if part in parts)
    if parts and set(parts) - {"train", "junk"} not in ({"query", "gallery"}, {"test"}):
        raise ValueError(f"{source} has the parts {named}: {_EXPECTED}")
    if parts and split is not None:
        raise ValueError(f"split={split}: {source} is divided already, into {named}; leave the split out")
    if split is not None and not 0 <= split <= 9:
        raise ValueError(f"split={split} does not exist: {source} has the seeded splits 0 to 9")
    if not parts and split is None:
        raise ValueError(
            f"{source} is not divided into parts: choose a seeded split, split=0 to 9; {_EXPECTED}"
        )


def split_rule(parts: Collection[str], split: int | None) -> str | None:
    """How the splits are made; None where the data set says all of it."""
    if split is not None:
        return f"{HALVES}; {QUERIES}"
    return f"{QUERIES} (drawn with seed 0)" if "test" in parts else None


def splits_of(table: pd.DataFrame, split: int | None, source: str) -> ReidSplits:
    """The splits of a table with one row per frame, in time order.

    Names that are all whole numbers of up to 18 digits stay what they are, others are numbered from 1 in
    their natural order. Person 0 stands for distractors and -1 for junk, as in MARS.

    Args:
        table: columns path, person, camera, tracklet, part, clothes and view, all text; "" for unknown. A
            tracklet is what has all but the path in common.
        split: number of a seeded split, which only a table without parts takes.
        source: the file or folder that the table comes from, for errors.

    Raises:
        ValueError: the table contradicts itself, or nothing in it can be scored.
    """
    people, cameras = (_numbers(table[name], name, source) for name in ("person", "camera"))
    table = table.assign(pid=table["person"].map(people), camid=table["camera"].map(cameras))
    train, query, gallery, junk = _divided(_tracklets(table), split)
    check(ReidSplits(train, query, gallery, junk), {pid: name for name, pid in people.items()}, source)
    remarks = [*_who("people", people), *_who("cameras", cameras)]
    if len(cameras) > len(people):
        remarks.append(
            f"more cameras ({len(cameras):,}) than people ({len(people):,}): are person and camera swapped?"
        )
    return ReidSplits(train, query, gallery, junk, tuple(remarks))


def natural(name: str) -> tuple[str | int, ...]:
    """A key that sorts numbers in names by their value: frame 2 comes before frame 10."""
    pieces = re.split(r"([0-9]+)", name)
    return tuple(int(piece) if place % 2 else piece for place, piece in enumerate(pieces))


def _is_number(name: str) -> bool:
    """Whether it stays what it is; longer ones, such as times, would not fit 64 bits."""
    return re.fullmatch("-?[0-9]{1,18}", name) is not None


def _numbers(names: pd.Series, what: str, source: str) -> dict[str, int]:
    ordered = sorted(names.unique(), key=natural)
    numbers = {name: int(name) for name in ordered if _is_number(name)}
    first: dict[int, str] = {}
    for name, number in numbers.items():
        if (other := first.setdefault(number, name)) != name:
            raise ValueError(f"{source}: {what} {other} and {what} {name} have the same number: use one name")
    if len(numbers) == len(ordered):
        return numbers
    special = {name: number for name, number in numbers.items() if what == "person" and number <= 0}
    others = [name for name in ordered if name not in special]
    return special | {name: number for number, name in enumerate(others, start=1)}


def _who(what: str, numbers: Mapping[str, int]) -> tuple[str, ...]:
    renamed = {name: number for name, number in numbers.items() if not _is_number(name)}
    if not renamed:
        return ()
    listed = ", ".join(f"{number} {name}" for name, number in numbers.items())
    return (f"{what}, by their numbers here: {listed}",)


def _tracklets(table: pd.DataFrame) -> dict[str, tuple[Tracklet, ...]]:
    """By part, in the order of their first frames."""
    frames: dict[tuple[str, int, int, str, str, str], list[str]] = {}
    for path, *key in table[["path", *_TRACKLET]].itertuples(index=False, name=None):
        frames.setdefault(tuple(key), []).append(path)
    found: dict[str, list[Tracklet]] = {}
    for (part, pid, camid, _, clothes, view), paths in frames.items():
        number = JUNK_PID if part == "junk" else pid
        found.setdefault(part, []).append(
            Tracklet(tuple(paths), number, camid, clothes or None, view or None)
        )
    return {part: tuple(tracklets) for part, tracklets in found.items()}


def _divided(
    parts: Mapping[str, tuple[Tracklet, ...]], split: int | None
) -> tuple[tuple[Tracklet, ...], ...]:
    """Train, query, gallery and junk."""
    train, query, gallery = (parts.get(part, ()) for part in ("train", "query", "gallery"))
    if split is not None:
        everything = parts.get("", ())
        trained = trained_people((one.pid for one in everything if one.pid > 0), split)
        train = tuple(one for one in everything if one.pid in trained)
        query, gallery = queries_and_gallery([one for one in everything if one.pid not in trained], split)
    elif "test" in parts:
        query, gallery = queries_and_gallery(parts["test"], 0)
    junk = (*(one for one in gallery if one.pid == JUNK_PID), *parts.get("junk", ()))
    return train, query, tuple(one for one in gallery if one.pid != JUNK_PID), junk


def check(splits: ReidSplits, names: Mapping[int, str], source: str) -> None:
    """Raise ValueError if parts that must be apart overlap, or nothing can be scored.

    Args:
        names: those of people by their numbers, where numbers are not the names.
        source: the file or folder that the splits come from.
    """
    _check_apart(splits, names, source)
    unnamed = [one for one in (*splits.train, *splits.query) if one.pid <= _DISTRACTOR]
    negative = [one for one in splits.gallery if one.pid < JUNK_PID]
    for one in (*unnamed, *negative):
        raise ValueError(
            f"{source}: {one.frames[0]} is of person {names.get(one.pid, one.pid)}, but 0 stands for "
            "distractors and -1 for junk, which are only in the gallery: number people from 1"
        )
    if len({one.camid for one in (*splits.query, *splits.gallery)}) == 1:
        raise ValueError(
            f"{source}: all tested tracklets are of one camera, and a query is searched among those of other "
            "cameras: nothing can be scored"
        )
    if not splits.query:
        raise ValueError(
            f"{source}: nobody among the tested people was seen by two cameras, so there are no queries"
        )


def _check_apart(splits: ReidSplits, names: Mapping[int, str], source: str) -> None:
    """Raise ValueError if people are trained on and tested, or a frame is in a query and in the gallery."""
    both = {one.pid for one in splits.train} & {one.pid for one in (*splits.query, *splits.gallery)}
    if both:
        are = "is" if len(both) == 1 else f"and {len(both) - 1} more are"
        raise ValueError(
            f"{source}: person {names.get(min(both), min(both))} {are} both in train and among the tested: a "
            "network must be tested on people that it was not trained on"
        )
    queried = {frame for one in splits.query for frame in one.frames}
    for frame in (frame for one in splits.gallery for frame in one.frames if frame in queried):
        raise ValueError(
            f"{source}: {frame} is in a query and in the gallery, where the query would find itself: leave "
            "it out of one of them"
        )
