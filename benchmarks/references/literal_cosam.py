"""COSAM with the cost volume written out: what formulas (1) and (2) say, as one would batch them."""

import math
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from reid_cosam.models.correlation import EPSILON
from reid_cosam.models.cosam import CorrelationHead, Cosam, Variant
from reid_cosam.models.network import VideoReidNet


class LiteralHead(CorrelationHead):
    """Fills the volume `[b t, (t - 1) h w, h, w]` by one batched product and convolves it.

    The division by R is folded into the smaller factor, so that the volume is held once.
    """

    def forward(self, maps: Float[Tensor, "b t r h w"]) -> Float[Tensor, "bt k h w"]:
        # in float32 or wider under autocast, as the linear form
        with torch.autocast(maps.device.type, enabled=False):
            return self._summary(maps if maps.dtype == torch.float64 else maps.float())

    def _summary(self, maps: Float[Tensor, "b t r h w"]) -> Float[Tensor, "bt k h w"]:
        frames, channels, height, width = maps.shape[1:]
        descriptors = maps.flatten(3).transpose(2, 3)
        centred = descriptors - descriptors.mean(dim=-1, keepdim=True)
        # torch's std takes twenty times as long on a CPU
        norms = torch.linalg.vector_norm(centred, dim=-1, keepdim=True)
        standardised = centred / (norms / math.sqrt(channels - int(self.unbiased)) + EPSILON)
        others = torch.stack(
            [torch.cat([standardised[:, m] for m in range(frames) if m != n], dim=1) for n in range(frames)],
            dim=1,
        )
        volume = others @ (standardised.transpose(2, 3) / channels)
        return F.conv2d(volume.flatten(0, 1).unflatten(2, (height, width)), self.weight, self.bias)


class LiteralCosam(Cosam):
    """Has the parameters and the state dict of `Cosam`, and computes the same."""

    def __init__(
        self,
        channels: int,
        num_frames: int,
        map_size: tuple[int, int],
        reduced_channels: int,
        variant: Variant = "paper",
    ) -> None:
        super().__init__(channels, num_frames, map_size, reduced_channels, variant)
        head = self.mask_head[0]
        assert isinstance(head, CorrelationHead)
        self.mask_head[0] = LiteralHead(len(head.bias), num_frames, map_size, head.unbiased)


def write_out(network: VideoReidNet) -> None:
    """Puts literal COSAM layers in place of the linear ones."""
    for stage, layer in network.attention.items():
        network.attention[stage] = literal(cast(Cosam, layer))


def literal(layer: Cosam) -> LiteralCosam:
    """The same layer with its cost volume written out."""
    frames, channels, height, width = layer.expected
    reduced = cast(nn.Conv2d, layer.reduce[0]).out_channels
    variant: Variant = "released" if layer.residual else "paper"
    form = LiteralCosam(channels, frames, (height, width), reduced, variant)
    form.load_state_dict(layer.state_dict())
    return form
