"""How well an attention mask covers the person."""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d


class Coverage(NamedTuple):
    """Mean of the attention mask on the person and beside the person."""

    inside: float
    outside: float


def coverage(attention: Float[Tensor, "n mh mw"], person: Bool[Tensor, "n h w"]) -> Coverage:
    """Mean attention inside and outside the person, over all locations of all frames.

    A location that the person covers in part counts for that part inside and for the rest outside.
    """
    size = (attention.shape[-2], attention.shape[-1])
    share = adaptive_avg_pool2d(person[:, None].to(attention.dtype), size)[:, 0]
    inside = (attention * share).sum() / share.sum()
    outside = (attention * (1 - share)).sum() / (1 - share).sum()
    return Coverage(float(inside), float(outside))
