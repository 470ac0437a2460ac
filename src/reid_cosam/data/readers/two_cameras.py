"""Data sets in which two cameras see the same people and a file splits these: iLIDS-VID and PRID2011.

Both have several splits. In each, the tested people of the first camera are the queries and those of the
second the gallery; training takes both cameras of the others.
"""

import re
import reprlib
from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Ge
from pydantic import TypeAdapter, ValidationError

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import FrameNames, frames, is_folder, require
from reid_cosam.data.tracklet import ReidSplits, Tracklet


@dataclass(frozen=True)
class People:
    """Names of the folders of those a split trains and tests on."""

    train: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class TwoCameras(DatasetReader):
    """What readers of such data sets share; `split` counts from 0.

    Attributes:
        layout: what `root` should contain, for errors, with `{root}` in it.
        cameras: folders of the two cameras below `parents`.
        parents: where both cameras may lie below `root`, the first that exists counts.
        splits_files: where the splits may lie below `root`, the first that exists counts.
        frame_names: how frames are named.
    """

    split: Annotated[int, Ge(0)]

    layout: ClassVar[str]
    cameras: ClassVar[tuple[str, str]]
    parents: ClassVar[tuple[str, str]]
    splits_files: ClassVar[tuple[str, ...]]
    frame_names: ClassVar[FrameNames]

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        first, second = root / self.parents[0], root / self.parents[1]
        parent = first if is_folder(first) else second
        cameras = (parent / self.cameras[0], parent / self.cameras[1])
        require(cameras, self.layout, root)
        path = self.splits_file(root)
        return read(cameras, self.people(path, cameras), self.frame_names, f"{path}, split {self.split},")

    @abstractmethod
    def people(self, path: Path, cameras: tuple[Path, Path]) -> People:
        """The people of the split, from the splits file at `path`; raises as `DatasetReader.read`."""

    def splits_file(self, root: Path | str) -> Path:
        """The file that the splits come from. Public ones disagree: say which one was used.

        Raises:
            FileNotFoundError: there is none.
        """
        root = Path(root)
        for name in self.splits_files:
            if (root / name).is_file():
                return root / name
        tried = " nor ".join(str(root / name) for name in self.splits_files)
        raise FileNotFoundError(f"no splits: neither {tried} is there; {self.layout.format(root=root)}")


def json_split(path: Path, split: int) -> People:
    """Split number `split` of a JSON list of `{"train": [names], "test": [names]}`.

    Raises:
        ValueError: another content, no such split, or a person that occurs twice.
    """
    try:
        splits = TypeAdapter(list[People]).validate_json(path.read_bytes())
    except ValidationError as error:
        fault = error.errors()[0]
        place = "".join(f"[{step!r}]" for step in fault["loc"])
        raise ValueError(
            f"{path}{place}: {fault['msg']}, got {reprlib.repr(fault['input'])}; expected a list of "
            '{"train": [names], "test": [names]}'
        ) from None
    check_number(path, split, len(splits))
    people = splits[split]
    twice = [person for person, times in Counter(people.train + people.test).items() if times > 1]
    if twice:
        raise ValueError(f"{path}, split {split}: {twice[0]} occurs twice")
    return people


def check_number(path: Path, split: int, number_of_splits: int) -> None:
    """Raise ValueError unless the file at `path` has a split `split`."""
    if not 0 <= split < number_of_splits:
        raise ValueError(
            f"split={split} is not in {path}, which has {number_of_splits} splits, numbered from 0"
        )


def read(cameras: tuple[Path, Path], people: People, names: FrameNames, source: str) -> ReidSplits:
    """Read the folders `<camera>/<person>` of everyone in a split; cameras are numbered 1 and 2.

    Args:
        source: what names the people, for errors.

    Raises:
        ValueError: someone has no folder under a camera, no number, or no frames.
    """

    def tracklet(person: str, camid: int) -> Tracklet:
        return _tracklet(cameras[camid - 1], person, camid, names, source)

    tested = sorted(people.test)
    return ReidSplits(
        train=tuple(tracklet(person, camid) for person in sorted(people.train) for camid in (1, 2)),
        query=tuple(tracklet(person, 1) for person in tested),
        gallery=tuple(tracklet(person, 2) for person in tested),
    )


def _tracklet(camera: Path, person: str, camid: int, names: FrameNames, source: str) -> Tracklet:
    folder = camera / person
    number = re.fullmatch(r"\D+(\d+)", person)
    if number is None:
        raise ValueError(f"{source} names {person!r}, which does not end in the person's number")
    if not is_folder(folder):
        raise ValueError(
            f"{source} names {person}, but {folder} is missing: "
            "part of the data set is missing, or the split is of another one"
        )
    found = frames(folder, names)
    return Tracklet(tuple(f"{folder}/{name.string}" for name in found), int(number[1]), camid)
