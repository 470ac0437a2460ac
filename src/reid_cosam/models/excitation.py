"""Squeeze and excitation (Hu et al., CVPR 2018) with passes over the maps that make no copies of them.

A sum over all locations, as torch takes it on a CPU, first writes bfloat16 maps out in float32, and a mean
spreads its gradient over a map of its own. Here the sum of such maps is a matrix product, accumulated in
float32, and the gradient stays one number a channel until it is added to the maps' own.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class SqueezeExcitation(nn.Module):
    """Weighs channels by what their means over the picture say together.

    Args:
        fc1, fc2: the two layers, 1x1 convolutions; they keep the names that they have in published weights.
    """

    def __init__(self, fc1: nn.Conv2d, fc2: nn.Conv2d) -> None:
        super().__init__()
        self.fc1, self.fc2 = fc1, fc2

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        gates = torch.sigmoid(self.fc2(F.relu(self.fc1(location_mean(maps)))))
        return gated(maps, gates.to(maps.dtype))


def location_mean(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 1 1"]:
    """The mean over all locations. Can be differentiated once."""
    mean: Tensor = _LocationMean.apply(maps)
    return mean


def gated(maps: Float[Tensor, "b c h w"], gates: Float[Tensor, "b c 1 1"]) -> Float[Tensor, "b c h w"]:
    """`maps * gates`, both of one type. Can be differentiated once."""
    product: Tensor = _Gated.apply(maps, gates)
    return product


class _LocationMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        ctx.shape = maps.shape
        sums = _location_sum(maps)
        return sums / maps.shape[2:].numel()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        share: Tensor = slope / ctx.shape[2:].numel()
        return share.expand(ctx.shape)


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, gates: Tensor) -> Tensor:
        ctx.save_for_backward(maps, gates)
        return maps * gates

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor]:
        maps, gates = ctx.saved_tensors
        product = slope * maps
        # an autocast around the backward pass must not reach this product
        with torch.autocast(maps.device.type, enabled=False):
            gates_slope = _location_sum(product)
        return torch.mul(slope, gates, out=product), gates_slope


def _location_sum(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 1 1"]:
    if maps.dtype not in (torch.bfloat16, torch.float16):
        return maps.sum(dim=(2, 3), keepdim=True)
    by_location = maps.flatten(2).transpose(1, 2)
    ones = maps.new_ones(1, 1, by_location.shape[1]).expand(len(maps), -1, -1)
    sums: Tensor = (ones @ by_location).transpose(1, 2)
    return sums.unsqueeze(-1)
