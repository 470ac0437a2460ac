"""The co-segmentation activation module (paper, section 4 and figure 4)."""

import math
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

import torch
from annotated_types import Interval
from jaxtyping import Float
from torch import Tensor, nn

from reid_cosam.models.ops.correlation import correlate
from reid_cosam.models.ops.masking import masked_mean, weighted

Variant = Literal["paper", "released"]
Width = Annotated[int, Interval(ge=1, le=65536)]
NARROW = 256  # channels up to which the released code reduces to fewer channels


class CosamOutput(NamedTuple):
    """What COSAM makes of a clip's maps, and what it looked at.

    Attributes:
        maps: for the next block, as large as the incoming maps.
        spatial_mask: between 0 and 1, where the frames agree (section 4.1).
        channel_weights: between 0 and 1, one per channel of the clip (section 4.2).
    """

    maps: Float[Tensor, "b t d h w"]
    spatial_mask: Float[Tensor, "b t 1 h w"]
    channel_weights: Float[Tensor, "b d"]


class CoSegmentation(nn.Module):
    """Section 4: a mask for each frame, the channels that the masked frames share, and maps weighted by both.

    What the mask is made from is left to `mask_head`, `[b, t, r, h, w]` reduced maps to `[bt, 1, h, w]`.

    Attributes:
        any_size: whether it takes clips of any number of frames and maps of any size, whatever it was
            trained with.

    Args:
        channels: D, channels of the incoming maps.
        reduced_channels: D_R, channels in which locations are compared.
        reduced_channels_narrow: D_R where D is 256 or less (64 in the released code); None: the same.
        mask_head: makes the mask head, given D_R.
        residual: returns maps + maps x channel weights, as the released code does, and not the product alone.

    Raises:
        ValueError: no reduced channels.
    """

    any_size: ClassVar[bool] = True

    def __init__(
        self,
        channels: int,
        reduced_channels: int,
        reduced_channels_narrow: int | None,
        mask_head: Callable[[int], nn.Sequential],
        residual: bool,
    ) -> None:
        super().__init__()
        if channels <= NARROW and reduced_channels_narrow is not None:
            reduced_channels = reduced_channels_narrow
        if reduced_channels < 1:
            raise ValueError(f"COSAM needs at least one reduced channel, got {reduced_channels}")
        self.residual = residual
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, reduced_channels, kernel_size=1), nn.BatchNorm2d(reduced_channels), nn.ReLU()
        )
        self.mask_head = mask_head(reduced_channels)
        # The paper says "MLP"; its layers are the released code's in both variants.
        self.channel_mlp = nn.Sequential(
            nn.Linear(channels, reduced_channels),
            nn.Tanh(),
            nn.Linear(reduced_channels, channels),
            nn.Sigmoid(),
        )

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> CosamOutput:
        spatial_mask = self.spatial_mask(maps)
        mask = spatial_mask.to(maps.dtype)
        channel_weights = self.channel_weights(maps, mask)
        factors = 1 + channel_weights if self.residual else channel_weights
        return CosamOutput(weighted(maps, mask, factors.to(maps.dtype)), spatial_mask, channel_weights)

    def spatial_mask(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b t 1 h w"]:
        """Section 4.1: where each frame agrees with the others, between 0 and 1."""
        clip = maps.shape[:2]
        reduced = self.reduce(maps.flatten(0, 1)).unflatten(0, clip)
        mask: Tensor = self.mask_head(reduced).unflatten(0, clip)
        return mask

    def channel_weights(
        self, maps: Float[Tensor, "b t d h w"], mask: Float[Tensor, "b t 1 h w"]
    ) -> Float[Tensor, "b d"]:
        """Section 4.2: which channels a clip's frames share, between 0 and 1; the mean over the frames."""
        weights: Tensor = self.channel_mlp(masked_mean(maps, mask))
        return weights.mean(dim=1)


class CorrelationHead(nn.Module):
    """Summarises each frame's cost volume into K numbers a location: a 1x1 convolution over the volume.

    The weight is that convolution's, `[K, (N - 1) H W, 1, 1]`: its inputs run over the other frames in time
    order, then rows, then columns. So map size, clip length and weights belong together.
    """

    def __init__(self, outputs: int, num_frames: int, map_size: tuple[int, int], unbiased: bool) -> None:
        super().__init__()
        inputs = (num_frames - 1) * math.prod(map_size)
        self.others = num_frames - 1
        self.unbiased = unbiased
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.empty(outputs))
        bound = 1 / math.sqrt(inputs)  # as torch initialises a convolution
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, maps: Float[Tensor, "b t r h w"]) -> Float[Tensor, "bt k h w"]:
        # Under autocast a correlation in bfloat16 would be off by 4e-3; in float32 it costs next to nothing.
        with torch.autocast(maps.device.type, enabled=False):
            precise = maps if maps.dtype == torch.float64 else maps.float()
            weight = self.weight.flatten(1).unflatten(1, (self.others, -1))
            summary = correlate(precise, weight, self.unbiased) + self.bias
        size: list[int] = list(maps.shape[-2:])
        return summary.flatten(0, 1).reshape(-1, *size, len(self.bias)).movedim(-1, 1)


def _mask_head(num_frames: int, map_size: tuple[int, int], variant: Variant) -> nn.Sequential:
    """Paper: one 1x1 convolution. Released: 1x1 to 64, BatchNorm, ReLU, 1x1 to 1. Then a sigmoid."""
    if variant == "paper":
        return nn.Sequential(CorrelationHead(1, num_frames, map_size, unbiased=False), nn.Sigmoid())
    return nn.Sequential(
        CorrelationHead(64, num_frames, map_size, unbiased=True),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Conv2d(64, 1, kernel_size=1),
        nn.Sigmoid(),
    )


class Cosam(CoSegmentation):
    """COSAM: a spatial mask from the consensus of the frames, then weights for the channels they share.

    The layer of the paper's section 4. It stands between two blocks of a CNN, takes the maps of all frames of
    a clip at once, `[b, t, d, h, w]`, and returns a `CosamOutput` with maps of the same shape:

    >>> cosam = Cosam(channels=16, num_frames=4, map_size=(8, 4), reduced_channels=8)
    >>> output = cosam(torch.rand(2, 4, 16, 8, 4))
    >>> output.maps.shape, output.spatial_mask.shape, output.channel_weights.shape
    (torch.Size([2, 4, 16, 8, 4]), torch.Size([2, 4, 1, 8, 4]), torch.Size([2, 16]))

    Variants (the paper's text and its released code differ):
        paper: one 1x1 convolution makes the mask; maps x channel weights.
        released: a two-layer mask head, the unbiased deviation, and maps + maps x channel weights.

    Args:
        channels: D, channels of the incoming maps.
        num_frames: N, frames in a clip; at least 2.
        map_size: height and width of the maps.
        reduced_channels: D_R, channels in which locations are compared.
        variant: `paper` or `released`.
        reduced_channels_narrow: D_R where D is 256 or less (64 in the released code); None: the same.

    Raises:
        ValueError: an unknown variant, fewer than two frames, or no reduced channels; on call, maps of
            another size.
    """

    any_size = False

    def __init__(
        self,
        channels: int,
        num_frames: int,
        map_size: tuple[int, int],
        reduced_channels: Width,
        variant: Variant = "paper",
        reduced_channels_narrow: Width | None = None,
    ) -> None:
        if variant not in get_args(Variant):
            raise ValueError(f"COSAM variant must be one of {list(get_args(Variant))}, got {variant!r}")
        if num_frames < 2:
            raise ValueError(
                f"COSAM compares the frames of a clip and needs num_frames >= 2, got {num_frames}"
            )
        super().__init__(
            channels,
            reduced_channels,
            reduced_channels_narrow,
            lambda _: _mask_head(num_frames, map_size, variant),
            residual=variant == "released",
        )
        self.expected = (num_frames, channels, *map_size)

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> CosamOutput:
        if tuple(maps.shape[1:]) != self.expected:
            names = "(frames, channels, height, width)"
            raise ValueError(
                f"this COSAM was built for maps {self.expected} {names}, got {tuple(maps.shape[1:])}: "
                "clip length and image size must be those the weights were trained with"
            )
        return super().forward(maps)
