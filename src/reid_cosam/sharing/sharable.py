"""What sharing needs of an encoder, which itself needs sharing to write its model folder."""

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from reid_cosam.models.network import VideoReidNet
from reid_cosam.settings.base import Distance

Self = TypeVar("Self", bound="SharableEncoder")


@runtime_checkable
class SharableEncoder(Protocol):
    """`reid_cosam.Encoder`, which says what each of these is."""

    network: VideoReidNet
    num_frames: int
    height: int
    width: int
    distance: Distance

    @property
    def device(self) -> torch.device: ...

    @property
    def fingerprint(self) -> str: ...

    def computed_by(self: Self, engine: Callable[[Tensor], Tensor]) -> Self: ...

    def embed(self, clips: UInt8[Tensor, "b t h w 3"]) -> Float32[Tensor, "b d"]: ...
