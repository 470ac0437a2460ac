"""What a run prints before it starts: its data, its network and, on a CPU, how long it will take."""

import copy
import logging
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from pytorch_lightning.utilities import rank_zero_only

from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.counted_progress import duration
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.train import part_name
from reid_cosam.training.cpu_memory import keep_memory
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.origin import Origin

_CLIPS = 2  # the fewest that BatchNorm can train on
_SECONDS = 0.25  # a shorter pass is mostly the fixed cost of a pass

_log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """Seconds per training iteration, and to extract the descriptor of one snippet."""

    iteration: float
    snippet: float


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
        _log.info("for results in minutes: reid-cosam train experiment=quickstart")


def measure_pace(
    network: VideoReidNet, batch_size: int, num_frames: int, height: int, width: int, bf16: bool
) -> Pace:
    """The pace on this CPU of iterations on `batch_size` clips, from passes on as few of them as will do.

    Works on a copy: neither the network nor any random stream is touched.
    """
    keep_memory()  # as training will
    trial = copy.deepcopy(network)

    def clips(number: int) -> torch.Tensor:
        return torch.zeros(number, num_frames, height, width, 3).permute(0, 1, 4, 2, 3)

    def train(number: int) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = trial.train()(clips(number))
        (output.descriptors.sum() + output.logits.sum()).backward()

    def extract(number: int) -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            trial.eval()(clips(number))

    iteration = _seconds_per_clip(train, batch_size) * batch_size
    return Pace(iteration, _seconds_per_clip(extract, batch_size))


def _seconds_per_clip(work: Callable[[int], None], most: int) -> float:
    """From the second of two passes; the first also pays for memory and kernels."""
    number = min(_CLIPS, most)
    while True:
        work(number)
        started = time.perf_counter()
        work(number)
        seconds = time.perf_counter() - started
        if seconds > _SECONDS or number == most:
            return seconds / number
        number = min(max(2 * number, math.ceil(number * _SECONDS / seconds)), most)
