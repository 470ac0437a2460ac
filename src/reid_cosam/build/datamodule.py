"""The datamodule of a run from its settings."""

from reid_cosam.build.parts import in_settings
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import ReidDataModule, SnippetSize, TrainSampling
from reid_cosam.training.shared_memory import Load, check_shared_memory

_SAMPLING = {"num_identities": "recipe.sampling.identities", "num_tracklets": "recipe.sampling.tracklets"}


def make_datamodule(settings: TrainSettings, splits: ReidSplits) -> ReidDataModule:
    """What a run trains with and is evaluated on.

    Raises:
        SharedMemoryFull: there is no room for what `data.workers` read ahead.
        ValueError: the identities cannot fill a batch.
    """
    data, trainer = settings.data, settings.trainer
    try:
        made = _datamodule(settings, splits)
    except ValueError as error:
        raise ValueError(in_settings(str(error), _SAMPLING)) from error
    ranks = trainer.devices * trainer.num_nodes
    loads = (
        Load(trainer.max_steps, settings.batch_size // ranks),
        # Training workers stay, with what they have read, while others read for an evaluation.
        Load(-(-made.num_snippets // (ranks * data.eval_batch_size)), data.eval_batch_size),
    )
    snippet = settings.num_frames * 3 * data.height * data.width
    check_shared_memory(loads, snippet, data.workers, trainer.devices)
    return made


def _datamodule(settings: TrainSettings, splits: ReidSplits) -> ReidDataModule:
    data, sampling = settings.data, settings.recipe.sampling
    return ReidDataModule(
        splits,
        SnippetSize(settings.num_frames, data.height, data.width),
        TrainSampling(
            sampling.frames,
            sampling.identities,
            sampling.tracklets,
            settings.trainer.max_steps,
            settings.seed,
        ),
        data.eval_batch_size,
        data.workers,
    )
