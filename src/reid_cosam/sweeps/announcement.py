"""What a run says before it starts."""

import logging

from pytorch_lightning.utilities import rank_zero_only

from reid_cosam import build
from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.counted_progress import duration
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.recipe import part_name
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.estimate import measure_pace
from reid_cosam.training.lightning_module import ReidModule

_log = logging.getLogger(__name__)


@rank_zero_only
def announce(settings: TrainSettings, datamodule: ReidDataModule, module: ReidModule, done: int) -> None:
    """What will run and, on a CPU, how long it will take after the iterations `done` before."""
    _log.info(
        "%s: %d training identities, %d queries, %d gallery tracklets (data=%s)",
        settings.run_name,
        datamodule.num_identities,
        datamodule.num_queries,
        len(datamodule.evaluated) - datamodule.num_queries,
        settings.data.name,
    )
    parts = {
        name: sum(one.numel() for one in part.parameters()) for name, part in module.network.named_children()
    }
    _log.info(
        "network: %.2f M parameters (%s)",
        sum(parts.values()) / 1e6,
        ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in parts.items()),
    )
    if not build.runs_on_gpu(settings.trainer):
        _announce_time(settings, module.network, datamodule.num_snippets, done)


def _announce_time(settings: TrainSettings, network: VideoReidNet, num_snippets: int, done: int) -> None:
    """How long a CPU will take and, where that is long, what to run instead."""
    bf16 = build.precision(settings.trainer) == "bf16-mixed"
    size = (settings.num_frames, settings.data.height, settings.data.width)
    pace = measure_pace(network, settings.batch_size, *size, bf16)
    left = settings.trainer.max_steps - done
    training, evaluation = pace.iteration * left, pace.snippet * num_snippets
    _log.info(
        "no GPU: %d iterations at about %.1f s each take about %s, and each evaluation about %s",
        left,
        pace.iteration,
        duration(training),
        duration(evaluation),
    )
    if training + evaluation > 600 and not _is_small(settings):
        _log.info("to see all of it in minutes: python -m reid_cosam.train experiment=quickstart")


def _is_small(settings: TrainSettings) -> bool:
    """Whether it is the quick start already, or as small as that."""
    return settings.data.size == "small" and part_name(settings.backbone).endswith("_tiny")
