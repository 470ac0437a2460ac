"""COSAM whose mask head starts with larger weights or learns faster: what lets masks grow?"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from reid_cosam.models.cosam import CorrelationHead, Cosam, Variant


class MaskHeadCosam(Cosam):
    """The released COSAM with other first weights, or another learning rate, in its mask head.

    Adam moves every weight by about the learning rate, however large its gradient is. So a weight that is
    `rate` times what Adam moves learns `rate` times as fast.

    Args:
        start: the first weights of the head, as a multiple of the usual ones.
        rate: the learning rate of the head, as a multiple of the recipe's.
    """

    def __init__(
        self,
        channels: int,
        num_frames: int,
        map_size: tuple[int, int],
        reduced_channels: int,
        reduced_channels_narrow: int | None = None,
        variant: Variant = "released",
        start: float = 1.0,
        rate: float = 1.0,
    ) -> None:
        super().__init__(channels, num_frames, map_size, reduced_channels, variant, reduced_channels_narrow)
        for layer in self.mask_head:
            if isinstance(layer, CorrelationHead | nn.Conv2d):
                with torch.no_grad():
                    layer.weight.mul_(start)
                register_parametrization(layer, "weight", _Times(rate))


class _Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, moved: Tensor) -> Tensor:
        return self.factor * moved

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight / self.factor
