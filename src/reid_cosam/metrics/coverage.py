"""How well an attention mask covers the person.

Masks are coarser than pictures, so a location holds a share of the person, 0 to 1. All measures count that
share: they are those of the mask enlarged to the picture by repeating its locations.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d


class Coverage(NamedTuple):
    """Mean of the attention mask on the person and elsewhere."""

    inside: float
    outside: float


class Overlap(NamedTuple):
    """Intersection over union of the person and the locations whose attention reaches the threshold."""

    iou: float
    threshold: float


def person_share(person: Bool[Tensor, "n h w"], size: tuple[int, int]) -> Float[Tensor, "n mh mw"]:
    """How much of each location the person covers, for masks of this height and width."""
    return adaptive_avg_pool2d(person[:, None].float(), size)[:, 0]


def means(attention: Float[Tensor, "*n mh mw"], share: Float[Tensor, "*n mh mw"]) -> Coverage:
    """Mean attention inside and outside the person, over all locations of all frames.

    A location that the person covers in part counts for that part inside and for the rest outside. NaN inside
    where there is no person.
    """
    inside = (attention * share).sum() / share.sum()
    outside = (attention * (1 - share)).sum() / (1 - share).sum()
    return Coverage(float(inside), float(outside))


def energy_inside(attention: Float[Tensor, "n mh mw"], share: Float[Tensor, "n mh mw"]) -> float:
    """The part of the attention's sum that lies on the person. A flat mask's is the person's share."""
    return float((attention * share).sum() / attention.sum())


def overlap(attention: Float[Tensor, "n mh mw"], share: Float[Tensor, "n mh mw"], threshold: float) -> float:
    """Intersection over union at a threshold, over all frames together; 0 where both are empty."""
    chosen = attention >= threshold
    intersection = share[chosen].sum()
    union = chosen.sum() + share.sum() - intersection
    return float(intersection / union) if union > 0 else 0.0


def best_overlap(attention: Float[Tensor, "n mh mw"], share: Float[Tensor, "n mh mw"]) -> Overlap:
    """The largest `overlap` of all thresholds, one for all frames; of equally good ones the highest.

    Lowering the threshold takes in the locations from strong to weak, so running sums try every threshold.
    """
    values, order = attention.flatten().sort(descending=True)
    intersection = share.flatten()[order].double().cumsum(dim=0)
    chosen = torch.arange(1, len(values) + 1)
    ratio = intersection / (chosen + intersection[-1] - intersection)
    takes_all_equals = torch.ones_like(values, dtype=torch.bool)
    takes_all_equals[:-1] = values[:-1] > values[1:]  # a threshold parts no locations of equal attention
    best = int(ratio.where(takes_all_equals, -1).argmax())
    return Overlap(float(ratio[best]), float(values[best]))
