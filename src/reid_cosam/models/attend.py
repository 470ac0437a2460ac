"""The two passes in which COSAM's mask and channel weights touch the maps, without a masked copy of them.

Written as products of tensors, `maps * mask` would be held for the backward pass beside `maps`, and each step
of that pass would make one more tensor of their size. Here the masked maps are never held: their mean is a
matrix product, and the backward pass of the weighting needs one tensor of that size: the gradient to be.
The gradients of maps have the channels last, as those of the convolutions that they are added to.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def masked_mean(maps: Float[Tensor, "b t d h w"], mask: Float[Tensor, "b t 1 h w"]) -> Float[Tensor, "b t d"]:
    """The mean over all locations of `maps * mask`, both of one type. Can be differentiated once."""
    mean: Tensor = _MaskedMean.apply(maps, mask)
    return mean


class _MaskedMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(maps, mask)
        with torch.autocast(maps.device.type, enabled=False):
            sums: Tensor = maps.flatten(3) @ mask.flatten(3).transpose(2, 3)
        return sums.squeeze(-1) / maps.shape[3:].numel()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor]:
        maps, mask = ctx.saved_tensors
        share = slope / maps.shape[3:].numel()
        # an autocast around the backward pass must not reach this product
        with torch.autocast(maps.device.type, enabled=False):
            mask_slope = maps.flatten(3).transpose(2, 3) @ share.unsqueeze(-1)
        maps_slope = mask.movedim(2, -1) * share[:, :, None, None]
        return maps_slope.movedim(-1, 2), mask_slope.transpose(2, 3).unflatten(-1, maps.shape[3:])


def weighted(
    maps: Float[Tensor, "b t d h w"], mask: Float[Tensor, "b t 1 h w"], factors: Float[Tensor, "b d"]
) -> Float[Tensor, "b t d h w"]:
    """`maps * mask * factors`, all of one type. Can be differentiated once."""
    product: Tensor = _Weighted.apply(maps, mask, factors)
    return product


class _Weighted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, mask: Tensor, factors: Tensor) -> Tensor:
        ctx.save_for_backward(maps, mask, factors)
        return (maps * mask).mul_(factors[:, None, :, None, None])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps, mask, factors = ctx.saved_tensors
        product = slope * maps
        by_location = product.flatten(3)
        # an autocast around the backward pass must not reach these products
        with torch.autocast(maps.device.type, enabled=False):
            mask_slope = (factors[:, None, None] @ by_location).unflatten(-1, mask.shape[-2:])
            factors_slope = (by_location @ mask.flatten(3).transpose(2, 3)).squeeze(-1).sum(dim=1)
        by_channel = factors[:, None, :, None, None]
        if torch.compiler.is_compiling():  # which fuses passes itself, and breaks its graph at `out`
            return slope * by_channel * mask, mask_slope, factors_slope
        return torch.mul(slope, by_channel, out=product).mul_(mask), mask_slope, factors_slope
