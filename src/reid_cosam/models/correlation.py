"""The normalised cross-correlation of every location with every location of the other frames, in linear time.

Formulas (1) and (2) of the paper compare each location of a frame with all locations of the other N - 1
frames and so fill a cost volume of N x (N - 1) x (HW)^2 numbers. Whatever reads that volume starts with a
linear map over its last axis, and a correlation is a product of standardised descriptors, so the map can
be taken through the product. With f_m the `[HW, R]` standardised descriptors of frame m and W_s the
`[K, HW]` weights for the s-th other frame,

    logits_n = f_n (sum_{m<n} W_m f_m + sum_{m>n} W_{m-1} f_m)^T / R,

because frame m is the m-th of the others for a later frame n and the (m-1)-th for an earlier one. Running
sums over m give all n at once: time O(N HW R K), and nothing of the size of the volume is ever held.
"""

import torch
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-4  # paper, section 4.1: added to the standard deviations


def standardise(maps: Float[Tensor, "b t r h w"], unbiased: bool) -> Float[Tensor, "b t hw r"]:
    """Subtracts from each location's descriptor its mean over channels and divides by its deviation.

    Formula (2). `unbiased` takes the deviation with R - 1, as the released code does, instead of R.
    A flat descriptor has no deviation; the epsilon keeps its correlations at zero.
    """
    descriptors = maps.flatten(3).transpose(2, 3)
    centred = descriptors - descriptors.mean(dim=-1, keepdim=True)
    degrees = centred.shape[-1] - int(unbiased)
    # sqrt has an infinite slope at zero, so a flat descriptor's gradient would be NaN without the floor
    deviation = (centred.square().sum(dim=-1, keepdim=True) / degrees).clamp_min(1e-24).sqrt()
    return centred / (deviation + EPSILON)


def correlate(
    standardised: Float[Tensor, "b t hw r"], weight: Float[Tensor, "k others hw"]
) -> Float[Tensor, "b t hw k"]:
    """The linear map `weight` of the cost volume of formula (1), for each frame and location.

    `weight[:, s]` belongs to the s-th other frame in time order; others = t - 1.
    """
    slots = weight.transpose(0, 1)
    as_earlier = (slots @ standardised[:, :-1]).cumsum(dim=1)
    as_later = (slots @ standardised[:, 1:]).flip(1).cumsum(dim=1).flip(1)
    nothing = torch.zeros_like(as_earlier[:, :1])
    consensus = torch.cat([nothing, as_earlier], dim=1) + torch.cat([as_later, nothing], dim=1)
    return standardised @ consensus.transpose(2, 3) / standardised.shape[-1]
