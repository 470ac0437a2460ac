"""Descriptors of whole tracklets, from a trained network."""

import warnings

import pytorch_lightning as pl
from jaxtyping import Float32
from torch import Tensor

from reid_cosam.data.datasets import SnippetBatch
from reid_cosam.models.network import VideoReidNet
from reid_cosam.training.datamodule import TrackletDataModule
from reid_cosam.training.extractor import Extractor
from reid_cosam.training.stopping import interruptible

# What Lightning and torch warn of without a reason for the reader to act.
_HARMLESS = (
    ".*does not have many workers",  # few by choice
    ".*LeafSpec",  # of one library about the other
)


class Extraction(pl.LightningModule):
    """Extracts the descriptor of every tracklet of the test data once, on any number of ranks.

    Attributes:
        descriptors: `[num_tracklets, width]` on the CPU, on every rank, once `trainer.test` has run.
    """

    descriptors: Float32[Tensor, "n d"]

    def __init__(self, network: VideoReidNet, num_tracklets: int) -> None:
        super().__init__()
        self.network, self._num_tracklets = network, num_tracklets

    def on_test_epoch_start(self) -> None:
        self._extractor = Extractor(self.network, self._num_tracklets, self.device)

    def test_step(self, batch: SnippetBatch) -> None:
        self._extractor.add(batch)

    def on_test_epoch_end(self) -> None:
        self.descriptors = self._extractor.compute().cpu()
        del self._extractor  # with its weights


def extract(
    network: VideoReidNet, num_tracklets: int, data: TrackletDataModule, trainer: pl.Trainer
) -> Float32[Tensor, "n d"]:
    """Descriptors of the tracklets of `data`, in their order, on the CPU of every rank of `trainer`."""
    extraction = Extraction(network, num_tracklets)
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        with interruptible(trainer, "after this batch"):
            trainer.test(extraction, datamodule=data, verbose=False)
    return extraction.descriptors
