"""What a run prints before it starts: its data, its network and, on a CPU, how long it will take."""

import logging

from pytorch_lightning.utilities import rank_zero_only

from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.counted_progress import duration
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.train import part_name
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.origin import Origin
from reid_cosam.training.pace import Pace, measure_pace

_log = logging.getLogger(__name__)


@rank_zero_only
def announce_run(
    settings: TrainSettings, origin: Origin, datamodule: ReidDataModule, network: VideoReidNet, done: int
) -> None:
    """Logs what is about to run after `done` iterations and, on a CPU, how long it will take."""
    num_gallery = len(datamodule.evaluated) - datamodule.num_queries
    _log.info(
        "%s: %d training identities, %d queries, %d gallery tracklets (data=%s)",
        *(settings.run_name, datamodule.num_identities, datamodule.num_queries, num_gallery),
        settings.data.name,
    )
    sizes = {
        name: sum(one.numel() for one in part.parameters()) / 1e6 for name, part in network.named_children()
    }
    parts = ", ".join(f"{name} {millions:.2f} M" for name, millions in sizes.items())
    _log.info("network: %.2f M parameters (%s)", sum(sizes.values()), parts)
    if origin.accelerator == "cpu":
        size = (settings.num_frames, settings.data.height, settings.data.width)
        pace = measure_pace(network, settings.batch_size, *size, origin.precision == "bf16-mixed")
        small = settings.data.size == "small" and part_name(settings.backbone).endswith("_tiny")
        announce_time(pace, settings.trainer.max_steps - done, datamodule.num_snippets, small)


def announce_time(pace: Pace, iterations: int, num_snippets: int, small: bool) -> None:
    """Logs how long a CPU will take and, unless the run is `small` already, a command that takes minutes."""
    training, evaluation = pace.iteration * iterations, pace.snippet * num_snippets
    _log.info(
        "no GPU: %d iterations at about %.1f s each take about %s, and each evaluation about %s",
        *(iterations, pace.iteration, duration(training), duration(evaluation)),
    )
    if training + evaluation > 600 and not small:
        _log.info("for results in minutes: python -m reid_cosam.train experiment=quickstart")
