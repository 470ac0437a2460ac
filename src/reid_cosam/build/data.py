"""Data sets and their batches."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from reid_cosam.build.parts import checked, in_settings, make
from reid_cosam.data import attributes
from reid_cosam.data.counts import check_counts
from reid_cosam.data.masks import has_masks
from reid_cosam.data.readers import DatasetReader, own
from reid_cosam.data.readers.csv import Csv
from reid_cosam.data.readers.folder import Folder
from reid_cosam.data.readers.mars import MarsLayout
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.data.verification import split_hash
from reid_cosam.paths import CONF
from reid_cosam.settings import DataSettings


def make_reader(data: DataSettings) -> DatasetReader:
    """The reader of the data set, with its own options.

    Raises:
        ValueError: it cannot be imported, does not take its options, or may not go by the data set's name.
    """
    chosen = {name: getattr(data, name, None) for name, value in data.reader.items() if value is not None}
    shared = [name for name, value in chosen.items() if value == data.reader[name]]
    try:
        part = checked("data.reader", data.reader)
    except ValueError as error:
        settings = {f"data.reader.{name}": f"data.{name}" for name in shared}
        raise ValueError(in_settings(str(error), settings)) from error
    reader: DatasetReader = make("data.reader", part)
    _check_name(data.name, reader)
    return reader


def _check_name(name: str, reader: DatasetReader) -> None:
    """Folders are named after a data set, and tables of scores choose their runs by this name."""
    if not (re.fullmatch(r"\w[^/\\]{0,99}", name) and name.isprintable()):
        raise ValueError(
            f"data.name={name!r} cannot name a folder: begin with a letter or digit, and use no slash or "
            "backslash and at most 100 characters, as in data.name=mine"
        )
    if isinstance(reader, Folder | Csv | MarsLayout) and not is_own(name):
        raise ValueError(
            f"data.name={name} would count your data set as the one that data={name} reads: choose another "
            f"name, such as data.name=my_{name}"
        )


def is_own(name: str) -> bool:
    """Whether a data set of this name is the user's, not one of those that come as options of `data`."""
    options = {file.stem for file in (CONF / "data").glob("*.yaml")}
    return name not in options - {"folder", "csv", "mars_layout"}


def make_splits(data: DataSettings) -> ReidSplits:
    """Reads the data set, and renders the synthetic one first if it is not there yet.

    Raises:
        FileNotFoundError, ValueError: the layout is incomplete, or holds something else than it should.
    """
    splits, reader = read_splits(data), make_reader(data)
    try:
        check_counts(splits, reader.counts, f"{data.name} in {data.root}")
    except ValueError as error:
        other = (
            f"; data={reader.own_layout} reads another data set in this layout" if reader.own_layout else ""
        )
        raise ValueError(f"{error}{other}") from None
    has_masks(splits.query, reader.folder(data.root))  # those that are incomplete are refused now
    return splits


def read_splits(data: DataSettings) -> ReidSplits:
    """As `make_splits`, whatever the counts; where none are published, people and cameras are checked."""
    reader = make_reader(data)
    try:
        splits = reader.read(data.root)
        if not reader.counts:
            own.check(splits, {}, f"{data.name} in {data.root}")
        return splits
    except FileNotFoundError as error:
        if data.file is not None and not Path(data.file).exists():
            raise  # it names the setting itself
        other = "" if is_own(data.name) else "; `data=synthetic` needs no download."
        remedy = f"Another folder is named with data.root=...{other}"
        raise FileNotFoundError(f"{error}\n{remedy}") from error
    except ValueError as error:
        settings = {name: f"data.{name}" for name in ("split", "pattern")}
        raise ValueError(in_settings(str(error), settings)) from error


def read_existing_splits(data: DataSettings) -> ReidSplits:
    """As `read_splits`, but renders nothing.

    Raises:
        FileNotFoundError: the data set would have to be rendered first.
    """
    if not is_rendered(data):
        choice = {"data.size": data.size, "data.seed": data.seed}
        chosen = ", ".join(f"{name}={value}" for name, value in choice.items() if value is not None)
        raise FileNotFoundError(
            f"{data.root} has no rendered data set {data.name} ({chosen}): training renders it; "
            "name another folder with data.root=..."
        )
    return read_splits(data)


def people_trained_on(trained: DataSettings, data: DataSettings, splits: ReidSplits) -> int:
    """How many of the tested people a network has seen that was trained on another split of this data set.

    A reader with published counts reads one data set only; others, what lies in one folder.
    """
    if trained.split in (None, data.split) or trained.reader["_target_"] != data.reader["_target_"]:
        return 0
    if not make_reader(data).counts and Path(trained.root).absolute() != Path(data.root).absolute():
        return 0
    return _num_queried(splits, _of_split(data, trained.split))


def people_of_training(
    split: int | None, split_sha256: str | None, data: DataSettings, splits: ReidSplits
) -> int | None:
    """As `people_trained_on`, of a network from a model folder; None where that cannot be told.

    Args:
        split: that the network was trained on.
        split_sha256: of its list of tracklets; data with the same one are the same, wherever they lie.
    """
    if split in (None, data.split) or "split" not in data.reader:
        return 0
    if split_sha256 is None:
        return None
    try:
        trained = _of_split(data, split)
    except ValueError:  # this data set has no such split
        return 0
    return _num_queried(splits, trained) if split_hash(trained, data_folder(data)) == split_sha256 else 0


def _of_split(data: DataSettings, split: int | None) -> ReidSplits:
    return read_splits(data.model_copy(update={"reader": data.reader | {"split": split}}))


def _num_queried(splits: ReidSplits, trained: ReidSplits) -> int:
    return len({one.pid for one in splits.query} & {one.pid for one in trained.train})


def splits_file(data: DataSettings) -> Path | None:
    """The file that divides the people into those trained on and those tested; None where the layout does."""
    return make_reader(data).splits_file(data.root)


def data_folder(data: DataSettings) -> Path:
    """The folder that frames are named in; the synthetic one is rendered if need be."""
    return make_reader(data).folder(data.root)


def is_rendered(data: DataSettings) -> bool:
    """Whether the frames are there already: only the synthetic ones may be still to be rendered."""
    return make_reader(data).is_rendered(data.root)


def make_attributes(data: DataSettings, queries: Sequence[Tracklet]) -> dict[str, Bool[np.ndarray, " q"]]:
    """Which queries show somebody with each attribute; empty where the data set does not say.

    Raises:
        FileNotFoundError, ValueError: the file of attributes cannot be read, or lacks a query's person.
    """
    file = data.attributes or make_reader(data).attributes_file(data.root)
    if file is None:
        return {}
    known = attributes.read(Path(file))
    return {name: known.having(name, queries) for name in attributes.ATTRIBUTES}


def data_record(data: DataSettings) -> dict[str, Any]:
    """Which data set and split, and where they lie, whatever folder the command was started in."""
    file = splits_file(data)
    return {
        "name": data.name,
        "root": str(data_folder(data).absolute()),
        "split": data.split,
        "tested_half": data.tested_half,
        "attributes": data.attributes,
        "splits_file": None if file is None else str(file.absolute()),
        "split_rule": make_reader(data).split_rule(data.root),
    }
