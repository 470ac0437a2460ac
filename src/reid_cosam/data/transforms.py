"""Augmentation and normalisation of whole batches of clips, on whatever device they are.

Decoded frames are stored with the channels last, and clips `[b, t, 3, h, w]` are views of that storage.
Everything here keeps it so, which spares convolution networks in `channels_last` format any layout copy.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import torch
from annotated_types import Interval
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

_ENLARGEMENT = 1.125  # of the released Random2DTranslation
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


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

    flip: Annotated[float, Interval(ge=0, le=1)]
    translate: Annotated[float, Interval(ge=0, le=1)]
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

    def apply(self, clips: UInt8[Tensor, "b t 3 h w"], draw: AugmentationDraw) -> UInt8[Tensor, "b t 3 h w"]:
        """Translate, then flip, as drawn; the clips themselves where nothing is drawn."""
        frames = clips.permute(0, 1, 3, 4, 2).flatten(0, 1)
        moved = draw.translated.flatten()
        corners = zip(draw.rows.flatten()[moved].tolist(), draw.cols.flatten()[moved].tolist(), strict=True)
        frames = _changed(frames, moved, lambda chosen: _translated(chosen, corners))
        frames = _changed(frames, draw.flips.flatten(), lambda chosen: chosen.flip(2))
        return frames.view(*clips.shape[:2], *frames.shape[1:]).permute(0, 1, 4, 2, 3)


def _changed(
    frames: UInt8[Tensor, "n h w 3"], chosen: Bool[Tensor, " n"], change: Callable[[Tensor], Tensor]
) -> UInt8[Tensor, "n h w 3"]:
    """What `change` makes of the chosen frames, which are known on the CPU, among the others."""
    places = chosen.nonzero().flatten()
    if not len(places):
        return frames
    changed = change(frames.index_select(0, places.to(frames.device, non_blocking=True)))
    sources = torch.arange(len(frames))
    sources[places] = torch.arange(len(frames), len(frames) + len(places))
    # Whole frames are selected at once; a CPU's index_copy and where go byte by byte.
    return torch.cat([frames, changed]).index_select(0, sources.to(frames.device, non_blocking=True))


def _translated(
    frames: UInt8[Tensor, "n h w 3"], corners: Iterable[tuple[int, int]]
) -> UInt8[Tensor, "n h w 3"]:
    """Crops of the enlarged frames, as large as the frames."""
    height, width = frames.shape[1:3]
    crops = [
        frame[:, row : row + height, col : col + width]
        for frame, (row, col) in zip(_enlarged_planes(frames), corners, strict=True)
    ]
    return torch.stack(crops).permute(0, 2, 3, 1)


def normalise(clips: UInt8[Tensor, "b t 3 h w"], dtype: torch.dtype) -> Float[Tensor, "b t 3 h w"]:
    """Subtract the ImageNet mean and divide by the standard deviation: what networks of this package take.

    The frames of the result are contiguous in `channels_last`.

    >>> clips = torch.full((1, 4, 3, 64, 32), 255, dtype=torch.uint8)  # white
    >>> normalise(clips, torch.float32)[0, 0, :, 0, 0]
    tensor([2.2489, 2.4286, 2.6400])

    Raises:
        ValueError: `clips` are not 8-bit integers, or not `[b, t, 3, h, w]`.
    """
    if clips.dtype != torch.uint8 or clips.ndim != 5 or clips.shape[2] != 3:
        raise ValueError(
            f"clips must be 8-bit integers [b, t, 3, h, w], got {clips.dtype} of shape {list(clips.shape)}"
        )
    frames = clips.permute(0, 1, 3, 4, 2)
    # by rows of pixels: a CPU takes five times as long for rows of three colours
    rows = frames.flatten(3).to(torch.float32, memory_format=torch.contiguous_format)
    mean, std = (
        (torch.tensor(values) * 255).repeat(clips.shape[-1]).to(clips.device, non_blocking=True)
        for values in (IMAGENET_MEAN, IMAGENET_STD)
    )
    return rows.sub_(mean).div_(std).to(dtype).view(frames.shape).permute(0, 1, 4, 2, 3)


def _enlarged(size: int) -> int:
    return round(size * _ENLARGEMENT)


def _enlarged_planes(frames: UInt8[Tensor, "n h w 3"]) -> UInt8[Tensor, "n 3 big_h big_w"]:
    size = (_enlarged(frames.shape[1]), _enlarged(frames.shape[2]))
    planes = frames.permute(0, 3, 1, 2).contiguous().float()  # a CPU takes thrice as long channels last
    # `interpolate` calls it too, but under determinism a slow form on GPUs, for the gradient
    enlarged: Tensor = torch.ops.aten.upsample_bilinear2d(planes, size, False)
    return enlarged.round_().to(torch.uint8)
