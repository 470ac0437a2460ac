"""Formulas (1) and (2) of the paper (section 4.1), and what COSAM needs of them in linear time."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-4  # paper, section 4.1: added to the standard deviations


def ncc(
    p: Float[Tensor, "*batch p r"], q: Float[Tensor, "*batch q r"], unbiased: bool = False
) -> Float[Tensor, "*batch p q"]:
    """Formula (2): the normalised cross-correlation of each descriptor in `p` with each in `q`.

    It lies between -1 and 1, and is 0 for a flat descriptor, whose deviation is 0: 1e-4 is added to the
    deviations, as in the paper's section 4.1.

    Args:
        p: descriptors in rows, of R channels each.
        q: as many rows as you like, of as many channels.
        unbiased: deviations with R - 1, as in the released code, instead of R.

    >>> p, q = torch.tensor([[1.0, 3.0]]), torch.tensor([[5.0, 1.0], [0.0, 4.0]])
    >>> ncc(p, q).round(decimals=3)
    tensor([[-1.,  1.]])
    """
    return standardised(p, unbiased) @ standardised(q, unbiased).mT / p.shape[-1]


def cost_volume(
    maps: Float[Tensor, "*b t r h w"], unbiased: bool = False
) -> Float[Tensor, "*b t others hw hw"]:
    """Formula (1): every location of a frame with every location of the clip's other frames, in time order.

    Entry `[n, s, i, j]` is `ncc` of location i of frame n and location j of the s-th other frame, which is
    frame s for s < n and frame s + 1 else. It has N (N - 1) (HW)^2 numbers; `correlate` does without it.

    >>> maps = torch.rand(2, 4, 16, 8, 4)  # 2 clips of 4 frames, 16 channels, 8 x 4 locations
    >>> cost_volume(maps).shape
    torch.Size([2, 4, 3, 32, 32])

    Args:
        unbiased: as for `ncc`.

    Raises:
        ValueError: there is one frame only.
    """
    frames = descriptors(maps).unbind(dim=-3)
    if len(frames) < 2:
        raise ValueError("a cost volume compares the frames of a clip, and these maps are of one frame")
    rows = [[ncc(one, other, unbiased) for other in frames if other is not one] for one in frames]
    return torch.stack([torch.stack(row, dim=-3) for row in rows], dim=-4)


def correlate(
    maps: Float[Tensor, "b t r h w"], weight: Float[Tensor, "k others hw"], unbiased: bool = False
) -> Float[Tensor, "b t hw k"]:
    """The linear map `weight` of the cost volume, for each frame and location, in time O(N HW R K).

    COSAM reads the volume by a linear map alone, W_s `[K, HW]` for the s-th other frame. A correlation is a
    product of standardised descriptors f_n `[HW, R]`, so the map can be taken through it. Frame m is the m-th
    of the others for a later frame n and the (m-1)-th for an earlier one:

        logits_n = f_n (sum_{m<n} W_m f_m + sum_{m>n} W_{m-1} f_m)^T / R

    and both sums run on from frame to frame. `ops.correlation` computes the same with less time and memory.
    """
    f = standardised(descriptors(maps), unbiased)
    earlier = torch.einsum("ksp,bspr->bskr", weight, f[:, :-1]).cumsum(dim=1)  # over m < n
    later = torch.einsum("ksp,bspr->bskr", weight, f[:, 1:]).flip(1).cumsum(dim=1).flip(1)  # over m > n
    consensus = F.pad(earlier, (0, 0, 0, 0, 1, 0)) + F.pad(later, (0, 0, 0, 0, 0, 1))
    logits: Tensor = torch.einsum("btpr,btkr->btpk", f, consensus) / f.shape[-1]
    return logits


def descriptors(maps: Float[Tensor, "*b t r h w"]) -> Float[Tensor, "*b t hw r"]:
    """The descriptor of each location in a row, as `ncc` takes them."""
    return maps.flatten(-2).mT


def standardised(x: Float[Tensor, "*batch p r"], unbiased: bool = False) -> Float[Tensor, "*batch p r"]:
    """Descriptors less their mean, by their deviation: products of two, divided by R, are their `ncc`."""
    centred = x - x.mean(dim=-1, keepdim=True)
    # unlike a square root of a sum, the norm has a gradient where a descriptor is flat: zero
    deviations = torch.linalg.vector_norm(centred, dim=-1, keepdim=True) / math.sqrt(x.shape[-1] - unbiased)
    scaled: Tensor = centred / (deviations + EPSILON)
    return scaled
