"""Descriptors of whole tracklets, from a trained network."""

import pytorch_lightning as pl
import torch
from jaxtyping import Float32
from torch import Tensor

from reid_cosam.data.datasets import SnippetBatch
from reid_cosam.data.transforms import normalise
from reid_cosam.metrics.retrieval import TrackletDescriptors
from reid_cosam.models.fusing import FusedNetwork
from reid_cosam.models.network import VideoReidNet


class Extraction(pl.LightningModule):
    """Describes every tracklet of the test data once, on any number of ranks.

    Attributes:
        descriptors: `[num_tracklets, width]` on the CPU, on every rank, once `trainer.test` has run.
    """

    descriptors: Float32[Tensor, "n d"]

    def __init__(self, network: VideoReidNet, num_tracklets: int) -> None:
        super().__init__()
        self.network = FusedNetwork(network)
        self._means = TrackletDescriptors(num_tracklets, network.descriptor_size)

    def test_step(self, batch: SnippetBatch) -> None:
        output = self.network(normalise(batch.clips, torch.float32))
        self._means.update(output.descriptors, batch.tracklets, batch.weights)

    def on_test_epoch_end(self) -> None:
        self.descriptors = self._means.compute().cpu()
