"""The mean over all locations of maps. Replaces `maps.mean(dim=(-2, -1))`.

With torch's mean a training step of SE-ResNet50 on a CPU takes 1.09x (float32) and 1.11x (bfloat16) as long
(`python -m benchmarks.formulas --size quick --threads 1`).
A mean of torch's spreads its gradient over a new map, and on a CPU writes bfloat16 maps out in float32 first.
Here the sum of such maps is a matrix product, accumulated in float32, and the gradient stays one number a
channel until it is added to the maps' own.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def location_mean(maps: Float[Tensor, "*b c h w"], dtype: torch.dtype | None = None) -> Float[Tensor, "*b c"]:
    """In the type of the maps or in `dtype`. Can be differentiated once."""
    mean: Tensor = _LocationMean.apply(maps, dtype or maps.dtype)
    return mean


def location_sum(maps: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b c"]:
    """In the type of the maps; sums of narrower types are accumulated in float32."""
    if maps.dtype not in (torch.bfloat16, torch.float16):
        return maps.sum(dim=(-2, -1))
    if torch.compiler.is_compiling():  # which sums while it makes the maps, but calls a product from without
        return maps.sum(dim=(-2, -1), dtype=torch.float32).to(maps.dtype)
    by_location = maps.flatten(-2).mT
    sums: Tensor = by_location.new_ones(1, by_location.shape[-2]) @ by_location
    return sums.squeeze(-2)


class _LocationMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.shape, ctx.dtype = maps.shape, maps.dtype
        if dtype != maps.dtype:
            return maps.mean(dim=(-2, -1), dtype=dtype)
        return location_sum(maps) / maps.shape[-2:].numel()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None]:
        share: Tensor = grad_output / ctx.shape[-2:].numel()
        return share.to(ctx.dtype)[..., None, None].expand(ctx.shape), None
