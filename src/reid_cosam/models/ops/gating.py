"""Channels of maps weighed by one number each. Replaces `maps * gates`.

Autograd's backward pass of the product makes one more tensor of the size of the maps; here the gradient is
made in the memory of the product that the gates' own gradient is summed from. Of a training step on a CPU it
saves no memory, and no time in bfloat16 (1.00x; 1.04x in float32, `python -m benchmarks.formulas --size quick
--threads 1`). It stays because training in bfloat16 would give other last digits without it, and with them
other committed results.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from reid_cosam.models.ops.location_mean import location_sum


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
