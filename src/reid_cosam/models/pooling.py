"""The mean over all locations of maps, with a backward pass that makes no map of its own.

As torch takes it on a CPU, a sum over locations first writes bfloat16 maps out in float32, and a mean spreads
its gradient over a new map. Here the sum of such maps is a matrix product, accumulated in float32, and the
gradient stays one number a channel until it is added to the maps' own.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def location_mean(
    maps: Float[Tensor, "b c h w"], dtype: torch.dtype | None = None
) -> Float[Tensor, "b c 1 1"]:
    """The mean over all locations, in the type of the maps or in `dtype`. Can be differentiated once."""
    mean: Tensor = _LocationMean.apply(maps, dtype or maps.dtype)
    return mean


def location_sum(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 1 1"]:
    """The sum over all locations, in the type of the maps."""
    if maps.dtype not in (torch.bfloat16, torch.float16):
        return maps.sum(dim=(2, 3), keepdim=True)
    if torch.compiler.is_compiling():  # which sums while it makes the maps, but calls a product from without
        return maps.sum(dim=(2, 3), keepdim=True, dtype=torch.float32).to(maps.dtype)
    by_location = maps.flatten(2).transpose(1, 2)
    ones = maps.new_ones(1, 1, by_location.shape[1]).expand(len(maps), -1, -1)
    sums: Tensor = (ones @ by_location).transpose(1, 2)
    return sums.unsqueeze(-1)


class _LocationMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.shape, ctx.dtype = maps.shape, maps.dtype
        if dtype != maps.dtype:
            return maps.mean(dim=(2, 3), keepdim=True, dtype=dtype)
        sums = location_sum(maps)
        return sums / maps.shape[2:].numel()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        share: Tensor = slope / ctx.shape[2:].numel()
        return share.to(ctx.dtype).expand(ctx.shape), None
