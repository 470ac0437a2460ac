"""Descriptors of snippets, and COSAM's masks where a network makes them."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from reid_cosam.data.transforms import normalise
from reid_cosam.models.fusing import FusedNetwork
from reid_cosam.models.network import VideoReidNet


class Extracted(NamedTuple):
    """What was made of snippets, on the CPU; masks are None where a network has none."""

    descriptors: Float32[Tensor, "s d"]
    masks: Float32[Tensor, "s t _ _"] | None


Extract = Callable[[UInt8[Tensor, "s t h w 3"]], Extracted]


class NetworkExtraction:
    """Extracts with torch, on any device; the masks are those of the first COSAM layer.

    Args:
        in_bfloat16: compute in bfloat16 where torch's autocast does, else in float32.
    """

    def __init__(self, network: VideoReidNet, device: torch.device, in_bfloat16: bool) -> None:
        self._network = FusedNetwork(network).to(device)
        self._stage = next(iter(network.masked_stages), None)
        self._device, self._in_bfloat16 = device, in_bfloat16

    @torch.inference_mode()
    def __call__(self, snippets: UInt8[Tensor, "s t h w 3"]) -> Extracted:
        clips = normalise(snippets.to(self._device).permute(0, 1, 4, 2, 3), torch.float32)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._in_bfloat16):
            output = self._network(clips)
        masks = None
        if self._stage is not None:
            masks = output.attention[self._stage].spatial_mask[:, :, 0].float().cpu()
        return Extracted(output.descriptors.float().cpu(), masks)


class EngineExtraction:
    """Extracts as `embed` of an encoder whose engine is another library, without masks."""

    def __init__(self, embed: Callable[[Tensor], Tensor]) -> None:
        self._embed = embed

    def __call__(self, snippets: UInt8[Tensor, "s t h w 3"]) -> Extracted:
        return Extracted(self._embed(snippets).cpu(), None)
