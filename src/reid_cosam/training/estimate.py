"""How long a run will take, measured on a piece of it before it starts."""

import copy
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from reid_cosam.models.network import VideoReidNet
from reid_cosam.training.cpu_memory import keep_memory

_CLIPS = 2  # the fewest that BatchNorm can train on
_SECONDS = 0.25  # a shorter pass is mostly what a pass costs however few its clips are


class Pace(NamedTuple):
    """Seconds of one training iteration, and of describing one snippet."""

    iteration: float
    snippet: float


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

    def describe(number: int) -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            trial.eval()(clips(number))

    return Pace(_a_clip(train, batch_size) * batch_size, _a_clip(describe, batch_size))


def _a_clip(work: Callable[[int], None], most: int) -> float:
    """Seconds for a clip, from the second of two passes; the first also pays for memory and kernels."""
    number = min(_CLIPS, most)
    while True:
        work(number)
        started = time.perf_counter()
        work(number)
        seconds = time.perf_counter() - started
        if seconds > _SECONDS or number == most:
            return seconds / number
        number = min(max(2 * number, math.ceil(number * _SECONDS / seconds)), most)
