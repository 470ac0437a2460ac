"""The normalised cross-correlation of every location with every location of the other frames, in linear time.

Formulas (1) and (2) of the paper compare each location of a frame with all locations of the other N - 1
frames and so fill a cost volume of N x (N - 1) x (HW)^2 numbers. Whatever reads that volume starts with a
linear map over its last axis, and a correlation is a product of standardised descriptors, so the map can
be taken through the product. With f_m the `[HW, R]` standardised descriptors of frame m and W_s the
`[K, HW]` weights for the s-th other frame,

    logits_n = f_n (sum_{m<n} W_m f_m + sum_{m>n} W_{m-1} f_m)^T / R,

because frame m is the m-th of the others for a later frame n and the (m-1)-th for an earlier one. Running
sums over m give all n at once: time O(N HW R K), and nothing of the size of the volume is ever held.

Nor are the f_m. Dividing by the deviations is left to the weights and to the logits, which have far fewer
numbers than the maps; and since (x - mean) . c = x . (c - mean of c), it is enough to centre the sums.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-4  # paper, section 4.1: added to the standard deviations


def correlate(
    maps: Float[Tensor, "b t r h w"], weight: Float[Tensor, "k others hw"], unbiased: bool
) -> Float[Tensor, "b t hw k"]:
    """The linear map `weight` of the cost volume of formula (1), for each frame and location.

    `weight[:, s]` belongs to the s-th other frame in time order; others = t - 1. `unbiased` takes the
    deviations of formula (2) with R - 1, as the released code does, instead of R. A flat descriptor has
    no deviation; the epsilon keeps its correlations at zero.
    """
    descriptors = maps.flatten(3).transpose(2, 3)
    deviations = descriptors.std(dim=-1, correction=int(unbiased), keepdim=True) + EPSILON
    sums = (_weight_by_role(weight) / deviations.transpose(2, 3)) @ descriptors
    as_earlier, as_later = sums.chunk(2, dim=2)
    consensus = _sum_before(as_earlier) + _sum_before(as_later.flip(1)).flip(1)
    centred = consensus - consensus.mean(dim=-1, keepdim=True)
    return descriptors @ centred.transpose(2, 3) / (deviations * descriptors.shape[-1])


def _weight_by_role(weight: Float[Tensor, "k others hw"]) -> Float[Tensor, "t twice_k hw"]:
    """Each frame's weights as an earlier frame, then as a later one; zero for the last and for the first."""
    slots = weight.transpose(0, 1)
    return torch.cat([F.pad(slots, (0, 0, 0, 0, 0, 1)), F.pad(slots, (0, 0, 0, 0, 1, 0))], dim=1)


def _sum_before(parts: Float[Tensor, "b t k r"]) -> Float[Tensor, "b t k r"]:
    """At each frame the sum over the frames before it."""
    return F.pad(parts[:, :-1].cumsum(dim=1), (0, 0, 0, 0, 1, 0))
