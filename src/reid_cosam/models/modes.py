"""Running layers for their outputs alone, without leaving traces in them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Without gradients; afterwards each layer has the mode, and the CPU the random numbers, of before."""
    before = {layer: layer.training for layer in module.modules()}
    mode = module.training
    module.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            yield
    finally:
        module.train(mode)  # a class of its own may do more here than set the flags
        for layer, training in before.items():
            layer.training = training
