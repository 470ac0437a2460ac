"""An aggregator of your own: generalised-mean pooling over places and frames (Radenović et al., TPAMI 2019).

    python -m reid_cosam.train experiment=quickstart agg._target_=examples.gem.GeM +agg.p=3
    python -m reid_cosam.train experiment=quickstart --config-dir examples/conf agg=gem

An aggregator makes descriptors `[b, out]` of the maps of all frames `[b, t, d, h, w]`; its `out_channels`
says how wide they are. Of its arguments, `channels`, `num_frames` and `map_size` are filled in if it has
them; all others are settings, as `agg.p=4`, and are checked against the types in the signature.
"""

from typing import Annotated

import torch
from annotated_types import Interval
from jaxtyping import Float
from torch import Tensor, nn


class GeM(nn.Module):
    """(mean of x^p)^(1/p): p = 1 is average pooling, and max pooling the limit of large p. Learns p."""

    def __init__(self, channels: int, p: Annotated[float, Interval(ge=1, le=100)] = 3.0) -> None:
        super().__init__()
        self.out_channels = channels
        self.p = nn.Parameter(torch.tensor(p))

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b d"]:
        positive = maps.float().clamp(min=1e-6)  # the gradient of x^(1/p) is infinite at 0
        means: Tensor = positive.pow(self.p).mean(dim=(1, 3, 4))
        return means.pow(1 / self.p)
