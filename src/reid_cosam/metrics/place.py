"""How much of attention masks is place, the same for every image, and how much is content."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class MaskSpread(NamedTuple):
    """How masks differ.

    Attributes:
        place_share: the part of the variance, over all locations of all frames, that is the variance of the
            mean mask; None where all masks are one value and there is no variance.
        mean: over all locations of all frames, as is `deviation`, the standard deviation.
    """

    place_share: float | None
    mean: float
    deviation: float


def mask_spread(masks: Float[Tensor, "n mh mw"]) -> MaskSpread:
    """By the law of total variance: that of the mean mask, and the mean of each location's over the frames.

    >>> import torch
    >>> left, right = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> mask_spread(torch.stack([left, left, left, right]))  # mean mask 3/4 and 1/4
    MaskSpread(place_share=0.25, mean=0.5, deviation=0.5)
    """
    mean_mask = masks.mean(dim=0).double()
    of_place = mean_mask.var(correction=0).item()
    total = of_place + masks.var(dim=0, correction=0).double().mean().item()
    return MaskSpread(of_place / total if total > 0 else None, mean_mask.mean().item(), total**0.5)
