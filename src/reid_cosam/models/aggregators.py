"""Temporal aggregators: from the maps of a clip's frames to one descriptor (paper, section 2 and [13])."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from reid_cosam.models.ops.location_mean import location_mean


def frame_descriptors(maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b t d"]:
    """Spatial global average pooling, frame by frame; in float32 or wider, also under autocast."""
    return location_mean(maps, torch.promote_types(maps.dtype, torch.float32))


class Aggregator(nn.Module):
    """Maps `[b, t, d, h, w]` to descriptors `[b, out_channels]`.

    Attributes:
        last_stride: the stride of CNN block 5 that the released code pairs the aggregator with.
    """

    last_stride: ClassVar[Literal[1, 2]] = 1

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b out"]:
        raise NotImplementedError


class TemporalAveragePooling(Aggregator):
    """TP_avg: the mean of the frame descriptors, which are means over the locations.

    >>> maps = torch.arange(4.0).reshape(1, 2, 2, 1, 1)  # 2 frames of 2 channels at 1 location
    >>> TemporalAveragePooling(channels=2)(maps)
    tensor([[1., 2.]])
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b out"]:
        return frame_descriptors(maps).mean(dim=1)


class TemporalMaxPooling(Aggregator):
    """TP_max: channel by channel, the largest entry of the frame descriptors.

    >>> maps = torch.arange(4.0).reshape(1, 2, 2, 1, 1)  # 2 frames of 2 channels at 1 location
    >>> TemporalMaxPooling(channels=2)(maps)
    tensor([[2., 3.]])
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b out"]:
        return frame_descriptors(maps).amax(dim=1)


class TemporalAttention(Aggregator):
    """TA: a weighted mean of the frame descriptors, the weights a softmax over frames.

    The paper refers to [13] for it; layers as in the released code: a convolution as large as the map to
    256 channels, a temporal convolution of width 3 to one score a frame, each followed by a ReLU.

    >>> aggregator = TemporalAttention(channels=16, map_size=(8, 4))
    >>> aggregator(torch.rand(2, 4, 16, 8, 4)).shape
    torch.Size([2, 16])

    Raises:
        ValueError: maps of another size than `map_size`.
    """

    HIDDEN = 256
    last_stride = 2  # to 8x4 maps of 256x128 images, which its convolution is as large as

    def __init__(self, channels: int, map_size: tuple[int, int]) -> None:
        super().__init__(channels)
        self.map_size = map_size
        self.spatial = nn.Conv2d(channels, self.HIDDEN, kernel_size=map_size)
        self.temporal = nn.Conv1d(self.HIDDEN, 1, kernel_size=3, padding=1)

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b out"]:
        if tuple(maps.shape[-2:]) != self.map_size:
            raise ValueError(f"this TA was built for {self.map_size} maps, got {tuple(maps.shape[-2:])}")
        weights = self.frame_weights(maps)
        return (frame_descriptors(maps) * weights[..., None]).sum(dim=1)

    def frame_weights(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b t"]:
        """How much each frame counts; sums to one over a clip."""
        seen = F.relu(self.spatial(maps.flatten(0, 1))).flatten(1).unflatten(0, maps.shape[:2])
        scores = F.relu(self.temporal(seen.transpose(1, 2))).squeeze(1)
        return torch.softmax(scores.float() if scores.dtype == torch.bfloat16 else scores, dim=1)


class TemporalRnn(Aggregator):
    """RNN: an LSTM of 512 units over the frame descriptors, the mean of its outputs (released code).

    >>> TemporalRnn(channels=16)(torch.rand(2, 4, 16, 8, 4)).shape
    torch.Size([2, 512])
    """

    HIDDEN = 512

    def __init__(self, channels: int) -> None:
        super().__init__(self.HIDDEN)
        self.lstm = nn.LSTM(channels, self.HIDDEN, batch_first=True)

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b out"]:
        # Under autocast cuDNN's LSTM may compute in float16, whose range needs a scaled loss.
        with torch.autocast(maps.device.type, enabled=False):
            outputs: Tensor = self.lstm(frame_descriptors(maps))[0]
        return outputs.mean(dim=1)
