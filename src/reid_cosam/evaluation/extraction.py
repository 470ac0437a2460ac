"""Descriptors of whole tracklets, from a trained network."""

import warnings
from collections.abc import Callable
from typing import Protocol

import pytorch_lightning as pl
import torch
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


class Extracts(Protocol):
    """What makes descriptors of batches; `Extractor` makes one per tracklet."""

    def add(self, batch: SnippetBatch) -> None: ...

    def compute(self) -> Float32[Tensor, "*changes n d"]: ...


MakeExtractor = Callable[[VideoReidNet, int, torch.device], Extracts]


class Extraction(pl.LightningModule):
    """Extracts the descriptor of every tracklet of the test data once, on any number of ranks.

    Args:
        make_extractor: of the network, the number of tracklets and the device.

    Attributes:
        descriptors: what the extractor computed, `[num_tracklets, width]` of `Extractor`, on the CPU, on
            every rank, once `trainer.test` has run.
    """

    descriptors: Float32[Tensor, "*changes n d"]

    def __init__(
        self, network: VideoReidNet, num_tracklets: int, make_extractor: MakeExtractor = Extractor
    ) -> None:
        super().__init__()
        self.network, self._num_tracklets, self._make_extractor = network, num_tracklets, make_extractor

    def on_test_epoch_start(self) -> None:
        self._extractor = self._make_extractor(self.network, self._num_tracklets, self.device)

    def test_step(self, batch: SnippetBatch) -> None:
        self._extractor.add(batch)

    def on_test_epoch_end(self) -> None:
        self.descriptors = self._extractor.compute().cpu()
        del self._extractor  # with its weights


def extract(
    extraction: Extraction, data: TrackletDataModule, trainer: pl.Trainer
) -> Float32[Tensor, "*changes n d"]:
    """Descriptors of the tracklets of `data`, in their order, on the CPU of every rank of `trainer`."""
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        with interruptible(trainer, "after this batch"):
            trainer.test(extraction, datamodule=data, verbose=False)
    return extraction.descriptors
