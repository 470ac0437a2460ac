"""Augmentation and normalisation of whole batches of clips, on whatever device they are.

Decoded frames are stored with the channels last, and clips `[b, t, 3, h, w]` are views of that storage.
Everything here keeps it so, which spares convolution networks in `channels_last` format any layout copy.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

_ENLARGEMENT = 1.125  # of the released Random2DTranslation
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class AugmentationDraw(NamedTuple):
    """What happens to each frame, decided on the CPU so that applying it never waits for the device."""

    flips: Bool[Tensor, "b t"]
    translated: Bool[Tensor, "b t"]
    rows: Int64[Tensor, "b t"]  # upper edge of the crop in the enlarged frame
    cols: Int64[Tensor, "b t"]  # left edge of the crop in the enlarged frame


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Horizontal flips and translations: a translated frame is a crop of itself enlarged by 1.125.

    Attributes:
        flip: probability of a flip.
        translate: probability of a translation (the released code: 0.5).
        per_frame: every frame has a draw of its own, as in the released code, else every clip has.
    """

    flip: float
    translate: float
    per_frame: bool

    def draw(
        self, num_clips: int, num_frames: int, height: int, width: int, rng: np.random.Generator
    ) -> AugmentationDraw:
        """Decide for clips of `height` x `width` pixels; every offset that fits is equally likely."""
        shape = (num_clips, num_frames if self.per_frame else 1)
        max_row, max_col = _enlarged(height) - height, _enlarged(width) - width
        drawn = (
            rng.random(shape) < self.flip,
            rng.random(shape) < self.translate,
            rng.integers(max_row, size=shape, endpoint=True),
            rng.integers(max_col, size=shape, endpoint=True),
        )
        return AugmentationDraw(*(torch.from_numpy(values).expand(num_clips, num_frames) for values in drawn))


def apply(clips: UInt8[Tensor, "b t 3 h w"], draw: AugmentationDraw) -> UInt8[Tensor, "b t 3 h w"]:
    """Translate, then flip, as drawn."""
    num_clips, num_frames, _, height, width = clips.shape
    frames = clips.permute(0, 1, 3, 4, 2).flatten(0, 1)
    moved = draw.translated.flatten().nonzero().flatten()  # known on the CPU
    if len(moved):
        places = moved.to(clips.device, non_blocking=True)
        enlarged = _enlarge(frames.index_select(0, places))
        corners = zip(draw.rows.flatten()[moved].tolist(), draw.cols.flatten()[moved].tolist(), strict=True)
        crops = [
            frame[row : row + height, col : col + width]
            for frame, (row, col) in zip(enlarged, corners, strict=True)
        ]
        frames = frames.index_copy(0, places, torch.stack(crops))
    flips = draw.flips.flatten().to(clips.device, non_blocking=True)
    frames = torch.where(flips[:, None, None, None], frames.flip(2), frames)
    return frames.view(num_clips, num_frames, height, width, 3).permute(0, 1, 4, 2, 3)


def normalise(clips: UInt8[Tensor, "b t 3 h w"], dtype: torch.dtype) -> Float[Tensor, "b t 3 h w"]:
    """ImageNet mean and standard deviation; the frames of the result are contiguous in `channels_last`."""
    mean, std = (torch.tensor(values)[:, None, None] * 255 for values in (_IMAGENET_MEAN, _IMAGENET_STD))
    frames = clips.flatten(0, 1).to(torch.float32, memory_format=torch.channels_last)
    frames.sub_(mean.to(clips.device, non_blocking=True)).div_(std.to(clips.device, non_blocking=True))
    return frames.to(dtype).view(clips.shape)


def _enlarged(size: int) -> int:
    return round(size * _ENLARGEMENT)


def _enlarge(frames: UInt8[Tensor, "n h w 3"]) -> UInt8[Tensor, "n big_h big_w 3"]:
    size = (_enlarged(frames.shape[1]), _enlarged(frames.shape[2]))
    planes = frames.permute(0, 3, 1, 2).contiguous().float()  # a CPU takes thrice as long channels last
    # `interpolate` calls it too, but under determinism a slow form on GPUs, for the gradient
    enlarged: Tensor = torch.ops.aten.upsample_bilinear2d(planes, size, False)
    return enlarged.round_().to(torch.uint8).permute(0, 2, 3, 1)
