"""The training objective of the paper: formula (3)."""

from typing import Annotated, NamedTuple

from annotated_types import Ge, Gt, Interval
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from reid_cosam.losses.triplet import batch_hard_triplet_loss


class LossTerms(NamedTuple):
    """The objective and its two terms, before weighting."""

    total: Float[Tensor, ""]
    cross_entropy: Float[Tensor, ""]
    triplet: Float[Tensor, ""]


class ReidLoss(nn.Module):
    """Cross-entropy + triplet_weight x batch-hard triplet loss, both as means over the batch, in float32.

    `label_smoothing` is 0 in the paper and 0.1 in the released code.
    """

    def __init__(
        self,
        margin: Annotated[float, Gt(0)],
        triplet_weight: Annotated[float, Ge(0)],
        label_smoothing: Annotated[float, Interval(ge=0, lt=1)],
    ) -> None:
        super().__init__()
        self.margin = margin
        self.triplet_weight = triplet_weight
        self.label_smoothing = label_smoothing

    def forward(
        self, descriptors: Float[Tensor, "b d"], logits: Float[Tensor, "b k"], labels: Int64[Tensor, " b"]
    ) -> LossTerms:
        cross_entropy = functional.cross_entropy(logits.float(), labels, label_smoothing=self.label_smoothing)
        triplet = batch_hard_triplet_loss(descriptors.float(), labels, self.margin)
        return LossTerms(cross_entropy + self.triplet_weight * triplet, cross_entropy, triplet)
