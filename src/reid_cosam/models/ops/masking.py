"""COSAM's mask and channel weights applied to the maps, without a masked copy of them.

Replaces `masked = maps * mask`, its mean over locations, and `masked * factors`. Written so, autograd holds
the masked maps beside `maps`, and its backward pass makes one more tensor of their size at each step. Here
the mean is a matrix product, and the backward pass of the weighting needs one tensor of that size: the
gradient itself. Gradients of maps have the channels last, as those of the convolutions that they are added
to.

A COSAM layer after block 5 needs 63 MB for 76 in float32 and 35 MB for 43 in bfloat16; a training step with
COSAM after blocks 4 and 5 needs 799 MB for 805 and 703 MB for 706, and takes about as long (0.99x to 1.03x).
On a CPU that layer is faster than products and torch's mean in bfloat16 (1.24x), as fast as products and
`ops.location_mean` (1.01x), and slower than both in float32 (0.87x and 0.76x):
`python -m benchmarks.formulas --size quick --threads 1`.
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
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, Tensor]:
        maps, mask = ctx.saved_tensors
        share = grad_output / maps.shape[3:].numel()
        # an autocast around the backward pass must not reach this product
        with torch.autocast(maps.device.type, enabled=False):
            grad_mask = maps.flatten(3).transpose(2, 3) @ share.unsqueeze(-1)
        grad_maps = mask.movedim(2, -1) * share[:, :, None, None]
        return grad_maps.movedim(-1, 2), grad_mask.transpose(2, 3).unflatten(-1, maps.shape[3:])


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
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps, mask, factors = ctx.saved_tensors
        product = grad_output * maps
        by_location = product.flatten(3)
        # an autocast around the backward pass must not reach these products
        with torch.autocast(maps.device.type, enabled=False):
            grad_mask = (factors[:, None, None] @ by_location).unflatten(-1, mask.shape[-2:])
            grad_factors = (by_location @ mask.flatten(3).transpose(2, 3)).squeeze(-1).sum(dim=1)
        by_channel = factors[:, None, :, None, None]
        if torch.compiler.is_compiling():  # which fuses passes itself, and breaks its graph at `out`
            return grad_output * by_channel * mask, grad_mask, grad_factors
        return torch.mul(grad_output, by_channel, out=product).mul_(mask), grad_mask, grad_factors
