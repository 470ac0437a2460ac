"""A loss of your own: circle loss (Sun et al., CVPR 2020) beside cross-entropy.

    python -m reid_cosam.train experiment=quickstart --config-dir examples/conf recipe/loss=circle

A loss is an `nn.Module`, called with descriptors `[b, d]`, logits `[b, k]` and labels `[b]` of the whole
batch, over all devices. It returns a scalar, or a named tuple or dict of scalars: `total` is minimised, and
all are logged as `train/<name>`. Its parameters, if it has any, are trained with the network's. Of its
arguments, `num_identities` and `descriptor_size` are filled in if it has them.
"""

from typing import Annotated, NamedTuple

import torch
from annotated_types import Gt, Interval
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional


class Terms(NamedTuple):
    total: Float[Tensor, ""]
    cross_entropy: Float[Tensor, ""]
    circle: Float[Tensor, ""]


class CircleLoss(nn.Module):
    """Pulls cosine similarities of one person above 1 - margin, those of two people below margin."""

    def __init__(
        self, gamma: Annotated[float, Gt(0)], margin: Annotated[float, Interval(gt=0, lt=1)]
    ) -> None:
        super().__init__()
        self.gamma, self.margin = gamma, margin

    def forward(
        self, descriptors: Float[Tensor, "b d"], logits: Float[Tensor, "b k"], labels: Int64[Tensor, " b"]
    ) -> Terms:
        unit = functional.normalize(descriptors.float())
        similarity = unit @ unit.T
        same = labels[:, None] == labels
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        towards = (1 + self.margin - similarity).clamp(min=0).detach()
        away = (similarity + self.margin).clamp(min=0).detach()
        positive = -self.gamma * towards * (similarity - 1 + self.margin)
        negative = self.gamma * away * (similarity - self.margin)
        circle = functional.softplus(
            positive.masked_fill(~same | itself, -torch.inf).logsumexp(1)
            + negative.masked_fill(same, -torch.inf).logsumexp(1)
        ).mean()
        cross_entropy = functional.cross_entropy(logits.float(), labels)
        return Terms(cross_entropy + circle / self.gamma, cross_entropy, circle)
