"""Frames that callers give, checked, and all snippets of a clip at a network's size."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from torch import Tensor

from reid_cosam.data.frames import resize
from reid_cosam.data.snippets import dense

Frames = Shaped[Tensor | np.ndarray, "..."]
"""Of a shape that `stacked` checks: a tracklet, or one frame of it."""


def snippets(
    clips: Shaped[Tensor | np.ndarray, "b t _ _ _"], num_frames: int, height: int, width: int
) -> UInt8[Tensor, "b s n {height} {width} 3"]:
    """All snippets of each clip, at this size.

    Raises:
        ValueError: the clips are of another type or shape, or empty.
    """
    frames = _channels_last(_as_tensor(clips))
    if frames.shape[2:4] != (height, width):
        resized = resize(frames.flatten(0, 1).cpu(), height, width)
        frames = resized.unflatten(0, frames.shape[:2])
    positions = torch.from_numpy(dense(frames.shape[1], num_frames)).to(frames.device)
    return frames[:, positions]


def stacked(tracklet: Frames | Sequence[Frames], height: int, width: int) -> Shaped[Tensor, "t _ _ _"]:
    """A tracklet as one tensor: frames in a sequence, each of a size of its own, are resized to this one.

    Raises:
        ValueError: it has no frames, or is itself a frame; or a frame is of another type or shape.
    """
    if isinstance(tracklet, Tensor | np.ndarray):
        if tracklet.ndim != 4:
            raise ValueError(
                f"a tracklet must be frames [t, h, w, 3] or a sequence of frames [h, w, 3], got shape "
                f"{list(tracklet.shape)}: put the crops of each tracklet into a list of its own"
            )
        return _as_tensor(tracklet)
    frames = [_as_tensor(frame) for frame in tracklet]
    if not frames:
        raise ValueError("a tracklet has no frames")
    for number, frame in enumerate(frames):
        if frame.dtype != torch.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.numel():
            raise ValueError(
                f"frame {number} of a tracklet must be 8-bit integers (uint8) [h, w, 3], got {frame.dtype}, "
                f"shape {list(frame.shape)}"
            )
    return torch.cat([resize(frame[None].cpu(), height, width) for frame in frames])


def _as_tensor(frames: Shaped[Tensor | np.ndarray, "..."]) -> Shaped[Tensor, "..."]:
    # torch warns of arrays that are read-only, as those of Pillow's images are: it gets a copy of them.
    return frames if isinstance(frames, Tensor) else torch.as_tensor(np.require(frames, requirements="W"))


def _channels_last(clips: Tensor) -> UInt8[Tensor, "b t _ _ 3"]:
    if clips.dtype != torch.uint8:
        raise ValueError(f"clips must be 8-bit integers (uint8) from 0 to 255, got {clips.dtype}")
    if clips.ndim != 5 or (clips.shape[2] == 3) == (clips.shape[4] == 3):
        raise ValueError(f"clips must be [b, t, h, w, 3] or [b, t, 3, h, w], got shape {list(clips.shape)}")
    if not clips.numel():
        raise ValueError(f"clips are empty: shape {list(clips.shape)}")
    return clips if clips.shape[4] == 3 else clips.permute(0, 1, 3, 4, 2)
