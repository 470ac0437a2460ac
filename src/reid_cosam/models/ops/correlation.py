"""COSAM's correlations. Replaces `models.correlation.correlate`, of the same arguments.

On a CPU a COSAM layer after block 2 takes 1.27x (float32) and 1.57x (bfloat16) as long in the readable form,
with 336 MB for 202 and 269 MB for 136. A training step with COSAM after blocks 4 and 5 alone is about the
same in both (`python -m benchmarks.formulas --size quick --threads 1`). The readable form holds the maps
centred and standardised for the backward pass. Here dividing by the deviations is left to the weights and to
the logits, which have far fewer numbers than the maps, and the centred maps are made again.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from reid_cosam.models.correlation import EPSILON


def correlate(
    maps: Float[Tensor, "b t r h w"], weight: Float[Tensor, "k others hw"], unbiased: bool = False
) -> Float[Tensor, "b t hw k"]:
    """The linear map `weight` of the cost volume of formula (1). Can be differentiated once."""
    descriptors = maps.flatten(3).transpose(2, 3).flatten(0, 1)
    logits: Tensor = _Correlation.apply(descriptors, weight, unbiased).unflatten(0, maps.shape[:2])
    return logits


class _Correlation(torch.autograd.Function):
    """Logits from descriptors x. Both passes hold one tensor like x: x centred, at last the gradient.

    With y = x - mean, d the deviation + epsilon of each location, A = W / d the scaled weights of its frame,
    and c the sum of the other frames' A y,

        logits = y c^T / (R d).

    Let G be the gradient of the logits and H = G / (R d), and let S be H^T y, summed for each frame over
    those that it was summed for. Then the gradient of y is H c + A^T S, which is centred as c and S are, and
    that of W is V = S y^T / d. As d divides W and the logits, its gradient is -(sum of V W + sum of G logits)
    / d over the outputs, and reaches x along y / (degrees of freedom x deviation).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Float[Tensor, "bt hw r"], weight: Float[Tensor, "k others hw"], unbiased: bool
    ) -> Float[Tensor, "bt hw k"]:
        ctx.degrees = x.shape[-1] - int(unbiased)
        means = x.mean(dim=-1, keepdim=True)
        # torch's std takes twenty times as long on a CPU
        deviations = (x - means).square_().sum(dim=-1, keepdim=True).div_(ctx.degrees).sqrt_()
        y, scales, roles = x - means, deviations + EPSILON, _by_role(weight)
        consensus = _from_others(_scaled(roles, scales) @ y, len(roles))
        logits = (y @ consensus.transpose(1, 2)).div_(scales * x.shape[-1])
        ctx.save_for_backward(x, weight, means, deviations, consensus, logits)
        return logits

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_output: Float[Tensor, "bt hw k"]
    ) -> tuple[Float[Tensor, "bt hw r"], Float[Tensor, "k others hw"], None]:
        x, weight, means, deviations, consensus, logits = ctx.saved_tensors
        # an autocast around the backward pass must not reach these products
        with torch.autocast(x.device.type, enabled=False):
            y, scales, roles = x - means, deviations + EPSILON, _by_role(weight)
            grad_product = grad_output / (scales * x.shape[-1])
            grad_sums = _to_others(grad_product.transpose(1, 2) @ y, len(roles))
            grad_weight, shares = _grad_weight(y, roles, scales, grad_sums)
            shares += (grad_output * logits).sum(dim=-1, keepdim=True)
            along = (shares / (scales * deviations * -ctx.degrees)).masked_fill_(deviations == 0, 0)
            grad_x = y.mul_(along)  # in the memory of y
            grad_x.baddbmm_(_scaled(roles, scales).transpose(1, 2), grad_sums)
            grad_x.baddbmm_(grad_product, consensus)
            return grad_x, grad_weight, None


def _grad_weight(
    y: Float[Tensor, "bt hw r"],
    roles: Float[Tensor, "t twice_k hw"],
    scales: Float[Tensor, "bt hw 1"],
    grad_sums: Float[Tensor, "bt twice_k r"],
) -> tuple[Float[Tensor, "k others hw"], Float[Tensor, "bt hw 1"]]:
    """The gradient of the weights, and its product with the weights for each location."""
    grads = (grad_sums @ y.transpose(1, 2)).div_(scales.transpose(1, 2)).unflatten(0, (-1, len(roles)))
    as_earlier, as_later = grads.chunk(2, dim=2)
    by_slot = as_earlier[:, :-1].sum(dim=0).add_(as_later[:, 1:].sum(dim=0))
    return by_slot.transpose(0, 1), grads.mul_(roles).sum(dim=2).flatten(0, 1).unsqueeze(-1)


def _by_role(weight: Float[Tensor, "k others hw"]) -> Float[Tensor, "t twice_k hw"]:
    """Each frame's weights as an earlier frame, then as a later one; zero for the last and for the first."""
    slots = weight.transpose(0, 1)
    return torch.cat([F.pad(slots, (0, 0, 0, 0, 0, 1)), F.pad(slots, (0, 0, 0, 0, 1, 0))], dim=1)


def _scaled(
    roles: Float[Tensor, "t twice_k hw"], scales: Float[Tensor, "bt hw 1"]
) -> Float[Tensor, "bt twice_k hw"]:
    by_clip: Tensor = roles / scales.transpose(1, 2).unflatten(0, (-1, len(roles)))
    return by_clip.flatten(0, 1)


def _from_others(parts: Float[Tensor, "bt twice_k r"], frames: int) -> Float[Tensor, "bt k r"]:
    """For each frame the sum of what the frames before it are as earlier ones, those after as later ones."""
    outputs, channels = parts.shape[1] // 2, parts.shape[2]
    by_clip = parts.reshape(-1, 2 * frames, outputs * channels)
    sums: Tensor = _summed(frames, parts) @ by_clip
    return sums.reshape(-1, outputs, channels)


def _to_others(sums: Float[Tensor, "bt k r"], frames: int) -> Float[Tensor, "bt twice_k r"]:
    """The transpose of `_from_others`."""
    outputs, channels = sums.shape[1:]
    by_clip = sums.reshape(-1, frames, outputs * channels)
    parts: Tensor = _summed(frames, sums).T @ by_clip
    return parts.reshape(-1, 2 * outputs, channels)


def _summed(frames: int, like: Tensor) -> Float[Tensor, "t twice_t"]:
    """Row n has 1 where frame n adds frame m: as an earlier one, column 2m, or a later one, column 2m + 1."""
    ones = like.new_ones(frames, frames)
    return torch.stack([ones.tril(-1), ones.triu(1)], dim=-1).flatten(1)
