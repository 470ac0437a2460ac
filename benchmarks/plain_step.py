"""A training step in the plain way, for where there is no copy of the released code."""

import torch

from benchmarks.literal_cosam import write_out
from benchmarks.training import ProductStep


def plain(step: ProductStep) -> ProductStep:
    """The step with literal COSAM, channels first, and one optimiser kernel an operation.

    cuDNN takes the fastest kernels, deterministic or not, as a program without a word on it mostly asks for.
    """
    step.deterministic, torch.backends.cudnn.benchmark = False, True
    network = step.module.network
    write_out(network)
    for weight in network.parameters():
        weight.data = weight.data.contiguous()
    step.module.to(step.device)
    group = step.optimiser.param_groups[0]
    step.optimiser = torch.optim.Adam(
        network.parameters(), group["lr"], group["betas"], weight_decay=group["weight_decay"]
    )
    step.trainer.strategy.optimizers = [step.optimiser]
    return step
