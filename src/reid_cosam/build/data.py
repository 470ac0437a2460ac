"""Data sets and their batches."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from reid_cosam.data import attributes, duke, ilids_vid, mars, prid2011, synthetic
from reid_cosam.data.counts import check_counts
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.settings import DataSettings, TrainSettings
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.shared_memory import Load, check_shared_memory


def make_splits(data: DataSettings) -> ReidSplits:
    """Reads the data set, and renders the synthetic one first if it is not there yet.

    Raises:
        FileNotFoundError, ValueError: the layout is incomplete, or holds something else than it should.
    """
    splits = read_splits(data)
    check_counts(splits, expected_counts(data), f"{data.name} in {data.root}")
    return splits


def read_splits(data: DataSettings) -> ReidSplits:
    """As `make_splits`, whatever the counts."""
    root = data_folder(data)
    match data.name:
        case "synthetic" | "mars":
            return mars.read(root)
        case "duke":
            return duke.read(root)
        case "ilids_vid":
            if data.split is None or data.tested_half is None:
                raise ValueError("data=ilids_vid needs data.split (0 to 9), data.tested_half (first, last)")
            return ilids_vid.read(root, data.split, data.tested_half)
        case "prid2011":
            if data.split is None:
                raise ValueError("data=prid2011 needs data.split (0 to 9)")
            return prid2011.read(root, data.split)


def splits_file(data: DataSettings) -> Path | None:
    """The file that divides the people into those trained on and those tested; None where the layout does."""
    match data.name:
        case "ilids_vid":
            return ilids_vid.splits_file(Path(data.root))
        case "prid2011":
            return prid2011.splits_file(Path(data.root))
        case _:
            return None


_COUNTS: Mapping[str, Mapping[str, int]] = {
    "mars": mars.COUNTS,
    "duke": duke.COUNTS,
    "ilids_vid": ilids_vid.COUNTS,
    "prid2011": prid2011.COUNTS,
}


def expected_counts(data: DataSettings) -> Mapping[str, int]:
    """What a whole copy of the data set holds; nothing for the synthetic one, which is made to order."""
    return _COUNTS.get(data.name, {})


def numbering_gaps(data: DataSettings, splits: ReidSplits) -> tuple[str, ...]:
    """Tracklets that lack frames by their numbers, where only these can tell; a sentence each."""
    return prid2011.gaps(splits) if data.name == "prid2011" else ()


def unknown(data: DataSettings) -> str | None:
    """What of a copy of the data set cannot be checked."""
    return prid2011.UNKNOWN if data.name == "prid2011" else None


def data_folder(data: DataSettings) -> Path:
    """The folder that frames are named in; the synthetic one is rendered if need be."""
    if data.name != "synthetic":
        return Path(data.root)
    if data.size is None or data.seed is None:
        raise ValueError("data=synthetic needs data.size (small, medium, full) and data.seed")
    return synthetic.ensure(Path(data.root), synthetic.spec(data.size, data.seed))


def is_rendered(data: DataSettings) -> bool:
    """Whether the frames are there already: only the synthetic ones may be still to be rendered."""
    if data.name != "synthetic" or data.size is None or data.seed is None:
        return True
    return (Path(data.root) / synthetic.spec(data.size, data.seed).folder_name).is_dir()


def make_attributes(data: DataSettings, queries: Sequence[Tracklet]) -> dict[str, Bool[np.ndarray, " q"]]:
    """Which queries show somebody with each attribute; empty where the data set does not say.

    Raises:
        FileNotFoundError, ValueError: the file of attributes cannot be read, or lacks a query's person.
    """
    if data.attributes is None and data.name != "synthetic":
        return {}
    known = attributes.read(data.attributes or data_folder(data) / "attributes.csv")
    return {name: known.carriers(name, queries) for name in attributes.ATTRIBUTES}


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
    }


def make_datamodule(settings: TrainSettings, splits: ReidSplits) -> ReidDataModule:
    """What a run trains with and is evaluated on.

    Raises:
        SharedMemoryFull: there is no room for what `data.workers` read ahead.
        ValueError: the identities cannot fill a batch.
    """
    data, sampling, trainer = settings.data, settings.recipe.sampling, settings.trainer
    made = ReidDataModule(
        splits,
        height=data.height,
        width=data.width,
        num_frames=settings.num_frames,
        sampling=sampling.frames,
        identities_per_batch=sampling.identities,
        tracklets_per_identity=sampling.tracklets,
        num_batches=settings.trainer.max_steps,
        eval_batch_size=data.eval_batch_size,
        num_workers=data.workers,
        seed=settings.seed,
    )
    ranks = trainer.devices * trainer.num_nodes
    loads = (
        Load(trainer.max_steps, settings.batch_size // ranks),
        # Training workers stay, with what they have read, while others read for an evaluation.
        Load(-(-made.num_snippets // (ranks * data.eval_batch_size)), data.eval_batch_size),
    )
    snippet = settings.num_frames * 3 * data.height * data.width
    check_shared_memory(loads, snippet, data.workers, trainer.devices)
    return made
