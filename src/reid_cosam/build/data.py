"""Data sets and their batches."""

from collections.abc import Mapping
from pathlib import Path

from reid_cosam.config import DataSettings, TrainSettings
from reid_cosam.data import mars, synthetic
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.datamodule import ReidDataModule


def make_splits(data: DataSettings) -> ReidSplits:
    """Reads the data set, and renders the synthetic one first if it is not there yet.

    Raises:
        FileNotFoundError, ValueError: the layout is incomplete, or holds something else than it should.
    """
    splits = read_splits(data)
    if data.name == "mars":
        mars.check_counts(splits)
    return splits


def read_splits(data: DataSettings) -> ReidSplits:
    """As `make_splits`, whatever the counts."""
    return mars.read(synthetic_folder(data) if data.name == "synthetic" else Path(data.root))


def expected_counts(data: DataSettings) -> Mapping[str, int]:
    """What a whole copy of the data set holds; nothing for the synthetic one, which is made to order."""
    return mars.COUNTS if data.name == "mars" else {}


def synthetic_folder(data: DataSettings) -> Path:
    """The folder of the rendered data set that the settings ask for, rendered if need be."""
    if data.size is None or data.seed is None:
        raise ValueError("data=synthetic needs data.size (small, medium, full) and data.seed")
    return synthetic.ensure(Path(data.root), synthetic.spec(data.size, data.seed))


def make_datamodule(settings: TrainSettings, splits: ReidSplits) -> ReidDataModule:
    data, sampling = settings.data, settings.recipe.sampling
    return ReidDataModule(
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
