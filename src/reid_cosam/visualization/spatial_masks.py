"""What a trained network's COSAM layers attend to: their spatial masks, for snippets of tracklets."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from reid_cosam.data.frames import read_clip
from reid_cosam.data.masks import has_masks, read_masks
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
        available = network.masked_stages
        if not available:
            raise ValueError("the network has no COSAM layer, so there are no masks to see")
        unknown = sorted(set(stages or ()) - set(available))
        if unknown:
            raise ValueError(
                f"the network has no COSAM layer after block {unknown[0]}: choose stages of {available}"
            )
        self.stages = tuple(available if stages is None else sorted(set(stages)))
        self._network = FusedNetwork(network).to(device)
        self._device = device

    @torch.inference_mode()
    def of(self, clips: UInt8[Tensor, "b t h w 3"]) -> dict[int, Float[Tensor, "b t _ _"]]:
        """Masks by stage, on the CPU, with values in 0..1."""
        images = clips.to(self._device).permute(0, 1, 4, 2, 3)
        attention = self._network(normalise(images, torch.float32)).attention
        return {stage: attention[stage].spatial_mask[:, :, 0].float().cpu() for stage in self.stages}


class Snippets(Dataset[tuple[UInt8[np.ndarray, "t h w 3"], Bool[np.ndarray, "t h w"]]]):
    """One snippet of each tracklet: its frames, and where the person is in them.

    Args:
        size: height and width at which the network sees the frames.
        root: the folder of the data set.
        snippet: which one of a tracklet's, as evaluation cuts them.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        num_frames: int,
        size: tuple[int, int],
        root: Path,
        snippet: int = 0,
    ) -> None:
        self.tracklets, self.snippet = tracklets, snippet
        self.has_persons = has_masks(tracklets, root)
        self._num_frames, self._size, self._root = num_frames, size, root

    def __len__(self) -> int:
        return len(self.tracklets)

    def __getitem__(self, index: int) -> tuple[UInt8[np.ndarray, "t h w 3"], Bool[np.ndarray, "t h w"]]:
        return self.clip(index), self.person(index)

    def clip(self, index: int) -> UInt8[np.ndarray, "t h w 3"]:
        """The frames, of data sets without person masks too."""
        return read_clip(self._frames(index), *self._size)

    def person(self, index: int) -> Bool[np.ndarray, "t h w"]:
        """The person masks."""
        return read_masks(self._frames(index), self._root, *self._size)

    def _frames(self, index: int) -> list[str]:
        return snippet_frames(self.tracklets[index], self._num_frames, self.snippet)


def snippet_frames(tracklet: Tracklet, num_frames: int, snippet: int = 0) -> list[str]:
    """Paths of the frames of one of a tracklet's snippets, as evaluation cuts them.

    Raises:
        ValueError: the tracklet has no such snippet.
    """
    snippets = dense(len(tracklet), num_frames)
    if snippet >= len(snippets):
        raise ValueError(
            f"snippet={snippet}: {tracklet.frames[0]} starts a tracklet of {len(tracklet)} frames, "
            f"whose snippets are numbered from 0 to {len(snippets) - 1}"
        )
    return [tracklet.frames[place] for place in snippets[snippet]]
