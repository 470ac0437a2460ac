"""Descriptors of whole tracklets from batches of their snippets: for validation and for `evaluate`."""

import torch
from jaxtyping import Float32
from torch import Tensor

from reid_cosam.data.datasets import SnippetBatch
from reid_cosam.data.transforms import normalise
from reid_cosam.metrics.retrieval import TrackletDescriptors
from reid_cosam.models.fusing import FusedNetwork
from reid_cosam.models.network import VideoReidNet


class Extractor:
    """A network as it is now, for testing only, and the mean descriptor of every tracklet that it has seen.

    No `nn.Module`: a LightningModule that holds one must not save the copied network in its checkpoints.
    """

    def __init__(self, network: VideoReidNet, num_tracklets: int, device: torch.device) -> None:
        self._network = FusedNetwork(network)
        self.means = TrackletDescriptors(num_tracklets, network.descriptor_size).to(device)

    def add(self, batch: SnippetBatch) -> None:
        """Extract the descriptors of these snippets. Every snippet must be given once, on any rank."""
        descriptors = self._network(normalise(batch.clips, torch.float32)).descriptors
        self.means.update(descriptors, batch.tracklets, batch.weights)

    def compute(self) -> Float32[Tensor, "n d"]:
        """Descriptors of all tracklets on every rank; ValueError if one of them received no snippet."""
        return self.means.compute()
