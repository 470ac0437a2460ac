"""How long a training will take, measured on a piece of one iteration before it starts."""

import copy
import time

import torch

from reid_cosam.models.network import VideoReidNet

_CLIPS = 2  # the fewest that BatchNorm can train on


def seconds_per_iteration(
    network: VideoReidNet, batch_size: int, num_frames: int, height: int, width: int, bf16: bool
) -> float:
    """Time on this CPU of one iteration on `batch_size` clips, from the second of two on `_CLIPS`.

    Works on a copy: neither the network nor any random stream is touched.
    """
    trial = copy.deepcopy(network).train()
    clips = torch.zeros(_CLIPS, num_frames, height, width, 3).permute(0, 1, 4, 2, 3)
    taken = 0.0
    for _ in range(2):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = trial(clips)
        (output.descriptors.sum() + output.logits.sum()).backward()
        taken = time.perf_counter() - started
    return taken * batch_size / _CLIPS
