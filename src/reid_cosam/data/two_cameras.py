"""Data sets in which two cameras see the same people and a file splits these: iLIDS-VID and PRID2011.

Both have several splits. In each, the tested people of the first camera are the queries and those of the
second the gallery; training takes both cameras of the others.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from reid_cosam.data.listing import frames, is_folder
from reid_cosam.data.tracklet import ReidSplits, Tracklet

_SPLIT = '{"train": [names], "test": [names]}'
_EXPECTED = (f"a list of {_SPLIT}", _SPLIT, "a list of names", "a name")  # by depth in the file
_SHOWN = 40  # characters of what is in the place of something else


@dataclass(frozen=True)
class People:
    """Names of the folders of those a split trains and tests on."""

    train: tuple[str, ...]
    test: tuple[str, ...]


class Frames(NamedTuple):
    """How frames are named: a pattern with the group `frame`, and an example for errors."""

    name: re.Pattern[str]
    example: str


def json_split(path: Path, split: int) -> People:
    """Split number `split` of a JSON list of `{"train": [names], "test": [names]}`.

    Raises:
        ValueError: another content, no such split, or a person in it twice.
    """
    try:
        splits = TypeAdapter(list[People]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}{_said(error.errors()[0])}") from None
    check_number(path, split, len(splits))
    people = splits[split]
    twice = [person for person, times in Counter(people.train + people.test).items() if times > 1]
    if twice:
        raise ValueError(f"{path}, split {split}: {twice[0]} is in it twice")
    return people


def _said(fault: Mapping[str, Any]) -> str:
    """Where in the file something is wrong, what it is, and what belongs there."""
    place = fault["loc"]
    if fault["type"] == "json_invalid":
        wrong = fault["msg"]  # says the line
    elif fault["type"] == "missing":
        *place, name = place
        wrong = f"{name} is missing"
    else:
        found = repr(fault["input"])
        wrong = f"got {found if len(found) <= _SHOWN else f'{found[:_SHOWN]}...'}"
    # As code would reach it: [3]["train"][0] is the first name trained on in split 3.
    at = f", at {''.join(f'[{json.dumps(step)}]' for step in place)}" if place else ""
    return f"{at}: {wrong}; expected {_EXPECTED[len(place)]}"


def check_number(path: Path, split: int, number_of_splits: int) -> None:
    """Raise ValueError unless the file at `path` has a split `split`."""
    if not 0 <= split < number_of_splits:
        raise ValueError(
            f"{path} has {number_of_splits} splits, numbered from 0: there is no data.split={split}"
        )


def read(cameras: tuple[Path, Path], people: People, style: Frames, source: str) -> ReidSplits:
    """Read the folders `<camera>/<person>` of everyone in a split; cameras are numbered 1 and 2.

    Args:
        source: what names the people, for errors.

    Raises:
        ValueError: someone has no folder under a camera, no number, or no frames.
    """

    def seen(person: str, camid: int) -> Tracklet:
        return _tracklet(cameras[camid - 1], person, camid, style, source)

    tested = sorted(people.test)
    return ReidSplits(
        train=tuple(seen(person, camid) for person in sorted(people.train) for camid in (1, 2)),
        query=tuple(seen(person, 1) for person in tested),
        gallery=tuple(seen(person, 2) for person in tested),
    )


def _tracklet(camera: Path, person: str, camid: int, style: Frames, source: str) -> Tracklet:
    folder = camera / person
    number = re.fullmatch(r"\D+(\d+)", person)
    if number is None:
        raise ValueError(f"{source} names {person!r}, which does not end in the person's number")
    if not is_folder(folder):
        raise ValueError(
            f"{source} names {person}, but {folder} is missing: "
            "part of the data set is missing, or the split is of another one"
        )
    names = frames(folder, style.name, style.example)
    return Tracklet(tuple(f"{folder}/{name.string}" for name in names), int(number[1]), camid)
