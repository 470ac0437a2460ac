"""How long a run will take, measured on a piece of it before it starts."""

import copy
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from reid_cosam.models.network import VideoReidNet

_CLIPS = 2  # the fewest that BatchNorm can train on


class Pace(NamedTuple):
    """Seconds of one training iteration, and of describing one snippet."""

    iteration: float
    snippet: float


def measure_pace(
    network: VideoReidNet, batch_size: int, num_frames: int, height: int, width: int, bf16: bool
) -> Pace:
    """The pace on this CPU of iterations on `batch_size` clips, from the second of two passes on `_CLIPS`.

    Works on a copy: neither the network nor any random stream is touched.
    """
    trial = copy.deepcopy(network)
    clips = torch.zeros(_CLIPS, num_frames, height, width, 3).permute(0, 1, 4, 2, 3)

    def train() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = trial.train()(clips)
        (output.descriptors.sum() + output.logits.sum()).backward()

    def describe() -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            trial.eval()(clips)

    return Pace(_second(train) * batch_size / _CLIPS, _second(describe) / _CLIPS)


def _second(work: Callable[[], None]) -> float:
    """Seconds of the second of two passes; the first also pays for memory and the choice of kernels."""
    work()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
