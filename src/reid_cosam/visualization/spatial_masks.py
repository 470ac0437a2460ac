"""What a trained network's COSAM layers attend to: their spatial masks, for snippets of tracklets."""

from collections.abc import Collection

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from reid_cosam.data.snippets import dense
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.transforms import normalise
from reid_cosam.models.fusing import FusedNetwork
from reid_cosam.models.network import VideoReidNet


class SpatialMasks:
    """Makes masks in float32, as a training run's own pictures are made.

    Attributes:
        stages: numbers of the blocks whose masks are made, in their order.

    Raises:
        ValueError: the network has no COSAM layer, or none after one of the blocks asked for.
    """

    def __init__(self, network: VideoReidNet, stages: Collection[int] | None, device: torch.device) -> None:
        there = sorted(map(int, network.attention))
        if not there:
            raise ValueError(
                "it has no COSAM layer (cosam=[]), so there are no masks to see: name a checkpoint that was "
                "trained with some, such as 'cosam=[4,5]'"
            )
        unknown = sorted(set(stages or ()) - set(there))
        if unknown:
            raise ValueError(f"it has no COSAM layer after block {unknown[0]}: choose stages of {there}")
        self.stages = tuple(there if stages is None else sorted(set(stages)))
        self._network = FusedNetwork(network).to(device)
        self._device = device

    @torch.inference_mode()
    def of(self, clips: UInt8[Tensor, "b t h w 3"]) -> dict[int, Float[Tensor, "b t _ _"]]:
        """Masks by stage, on the CPU, with values in 0..1."""
        images = clips.to(self._device).permute(0, 1, 4, 2, 3)
        attention = self._network(normalise(images, torch.float32)).attention
        return {stage: attention[stage].spatial_mask[:, :, 0].float().cpu() for stage in self.stages}


def snippet_frames(tracklet: Tracklet, num_frames: int, number: int = 0) -> list[str]:
    """Paths of the frames of one of a tracklet's snippets, as evaluation cuts them.

    Raises:
        ValueError: the tracklet has no such snippet.
    """
    snippets = dense(len(tracklet), num_frames)
    if number >= len(snippets):
        raise ValueError(
            f"snippet={number}: {tracklet.frames[0]} starts a tracklet of {len(tracklet)} frames, "
            f"whose snippets are numbered from 0 to {len(snippets) - 1}"
        )
    return [tracklet.frames[place] for place in snippets[number]]
