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
_ERASED_AREA, _ERASED_ASPECT = (0.02, 0.4), (0.3, 1 / 0.3)  # a share of the frame; height by width
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class AugmentationDraw(NamedTuple):
    """What happens to each frame, decided on the CPU so that applying it never waits for the device."""

    flips: Bool[Tensor, "b t"]
    translated: Bool[Tensor, "b t"]
    rows: Int64[Tensor, "b t"]  # upper edge of the crop in the enlarged frame
    cols: Int64[Tensor, "b t"]  # left edge of the crop in the enlarged frame
    boxes: Int64[Tensor, "b 4"]  # upper and left edge, height and width of what is erased; 0 for nothing


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Horizontal flips and translations: a translated frame is a crop of itself enlarged by 1.125.

    Then random erasing (Zhong et al., AAAI 2020): a box of 0.02 to 0.4 of a frame, whose height is 0.3 to
    3.33 of its width, becomes as grey as ImageNet's mean, in all frames of a clip alike.

    Attributes:
        flip: probability of a flip.
        translate: probability of a translation (the released code: 0.5).
        per_frame: every frame has a flip and a translation of its own, as in the released code, else every
            clip has.
        erase: probability that a clip has a box erased.
    """

    flip: Annotated[float, Interval(ge=0, le=1)]
    translate: Annotated[float, Interval(ge=0, le=1)]
    per_frame: bool
    erase: Annotated[float, Interval(ge=0, le=1)] = 0.0

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
        boxes = np.zeros((num_clips, 4), dtype=np.int64)
        if self.erase:
            for clip in (rng.random(num_clips) < self.erase).nonzero()[0]:
                boxes[clip] = _erased_box(height, width, rng)
        by_frame = (torch.from_numpy(values).expand(num_clips, num_frames) for values in drawn)
        return AugmentationDraw(*(*by_frame, torch.from_numpy(boxes)))

    def apply(self, clips: UInt8[Tensor, "b t 3 h w"], draw: AugmentationDraw) -> UInt8[Tensor, "b t 3 h w"]:
        """Translate, flip, then erase, as drawn; the clips themselves where nothing is drawn."""
        frames = clips.permute(0, 1, 3, 4, 2).flatten(0, 1)
        moved = draw.translated.flatten()
        corners = zip(draw.rows.flatten()[moved].tolist(), draw.cols.flatten()[moved].tolist(), strict=True)
        frames = _changed(frames, moved, lambda chosen: _translated(chosen, corners))
        frames = _changed(frames, draw.flips.flatten(), lambda chosen: chosen.flip(2))
        changed = frames.view(*clips.shape[:2], *frames.shape[1:])
        return _erased(changed, draw.boxes).permute(0, 1, 4, 2, 3)


def _erased_box(height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Upper and left edge, height and width of a box that is smaller than the frame."""
    while True:
        area = rng.uniform(*_ERASED_AREA) * height * width
        aspect = rng.uniform(*_ERASED_ASPECT)
        size = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if size[0] < height and size[1] < width:
            top, left = rng.integers((height - size[0], width - size[1]), endpoint=True).tolist()
            return top, left, *size


def _erased(clips: UInt8[Tensor, "b t h w 3"], boxes: Int64[Tensor, "b 4"]) -> UInt8[Tensor, "b t h w 3"]:
    chosen = [(clip, box) for clip, box in enumerate(boxes.tolist()) if box[2]]
    if not chosen:
        return clips
    grey = torch.tensor([round(255 * one) for one in IMAGENET_MEAN], dtype=torch.uint8)
    grey, clips = grey.to(clips.device, non_blocking=True), clips.clone()
    for clip, (top, left, height, width) in chosen:
        clips[clip, :, top : top + height, left : left + width] = grey
    return clips


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
