"""Squeeze and excitation (Hu et al., CVPR 2018). Replaces the `SEModule` of timm and of pretrainedmodels.

Its backward pass makes one tensor of the size of the maps, the gradient to be, where autograd makes several.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from reid_cosam.models.ops.location_mean import location_mean, location_sum


class SqueezeExcitation(nn.Module):
    """Weighs channels by what their means over the picture say together.

    Args:
        fc1, fc2: the two layers, 1x1 convolutions; they keep the names that they have in published weights.
    """

    def __init__(self, fc1: nn.Conv2d, fc2: nn.Conv2d) -> None:
        super().__init__()
        self.fc1, self.fc2 = fc1, fc2

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        gates = torch.sigmoid(self.fc2(F.relu(self.fc1(location_mean(maps)[..., None, None]))))
        return gated(maps, gates.to(maps.dtype))


def gated(maps: Float[Tensor, "b c h w"], gates: Float[Tensor, "b c 1 1"]) -> Float[Tensor, "b c h w"]:
    """`maps * gates`, both of one type. Can be differentiated once."""
    product: Tensor = _Gated.apply(maps, gates)
    return product


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, gates: Tensor) -> Tensor:
        ctx.save_for_backward(maps, gates)
        return maps * gates

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, Tensor]:
        maps, gates = ctx.saved_tensors
        product = grad_output * maps
        # an autocast around the backward pass must not reach this product
        with torch.autocast(maps.device.type, enabled=False):
            grad_gates = location_sum(product)[..., None, None]
        if torch.compiler.is_compiling():  # which fuses passes itself, and breaks its graph at `out`
            return grad_output * gates, grad_gates
        return torch.mul(grad_output, gates, out=product), grad_gates
