"""A training step in the plain way, wholly or in some respects."""

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.harness.steps import ProductStep
from benchmarks.references.literal_cosam import write_out

LITERAL, CHANNELS_FIRST, UNFUSED, ANY_KERNELS = WAYS = (
    "literal COSAM",
    "channels first",
    "unfused Adam",
    "any kernels",
)


def plain(step: ProductStep, ways: Collection[str] = WAYS) -> ProductStep:
    """The step with literal COSAM, maps with the channels first, Adam as torch runs it unless asked, and on a
    GPU cuDNN's fastest kernels, whether they repeat their numbers or not; or with some of these `ways`."""
    network = step.module.network
    if LITERAL in ways:
        write_out(network)
    if CHANNELS_FIRST in ways:
        for weight in network.parameters():
            weight.data = weight.data.contiguous()
        # one operand with the channels last suffices for a convolution to answer so
        network.backbone.stages[0].register_forward_pre_hook(_channels_first)
    if ANY_KERNELS in ways:
        step.deterministic, step.tries = False, True
    step.module.to(step.device)
    _new_optimiser(step, fused=UNFUSED not in ways)
    return step


def _channels_first(_: nn.Module, maps: tuple[Tensor]) -> Tensor:
    return maps[0].contiguous()


def _new_optimiser(step: ProductStep, fused: bool) -> None:
    """Adam for the layers that are there now; the schedule keeps the optimiser of before, and it costs the
    same."""
    group: dict[str, Any] = step.optimiser.param_groups[0]
    step.optimiser = torch.optim.Adam(
        step.module.network.parameters(),
        group["lr"],
        group["betas"],
        weight_decay=group["weight_decay"],
        fused=fused or None,
    )
    step.trainer.strategy.optimizers = [step.optimiser]
