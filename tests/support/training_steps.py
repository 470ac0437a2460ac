"""Training steps of the product on clips of noise: no data set, no images."""

from collections.abc import Sequence

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from reid_cosam import build
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.data.prefetcher import CudaPrefetcher
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule
from tests.test_settings import settings

IDENTITIES = 625


def step_settings(backbone: str, clips: int, frames: int, *more: str) -> TrainSettings:
    """Of a training run on images of 64x32 with COSAM after CNN blocks 4 and 5, two clips per identity."""
    return settings(
        *("logger=none", "backbone.pretrained=false", "data.workers=0", "trainer.compile=false"),
        *(f"backbone={backbone}", "recipe.attention.reduced_channels_narrow=64", "cosam=[4,5]"),
        *(f"num_frames={frames}", "data.height=64", "data.width=32"),
        *(f"recipe.sampling.identities={clips // 2}", "recipe.sampling.tracklets=2"),
        *more,
    )


def noise_batch(clips: int, frames: int) -> ClipBatch:
    """Clips of 64x32 with the channels last, as the loader gives them; each identity twice."""
    pixels = torch.randint(0, 256, (clips, frames, 64, 32, 3), dtype=torch.uint8)
    pids = torch.arange(clips // 2).repeat_interleave(2)
    batch = ClipBatch(pixels.permute(0, 1, 4, 2, 3), pids, torch.ones_like(pids))
    return ClipBatch(*(one.pin_memory() for one in batch)) if torch.cuda.is_available() else batch


def module_without_data(chosen: TrainSettings) -> ReidModule:
    """The module for tracklets whose frames are never read."""
    trained = tuple(Tracklet(("frame.jpg",), pid, 1) for pid in range(1, IDENTITIES + 1))
    query, gallery = (Tracklet(("frame.jpg",), 1, camid) for camid in (1, 2))
    return build.make_module(chosen, build.make_datamodule(chosen, ReidSplits(trained, (query,), (gallery,))))


class RepeatedBatch(pl.LightningDataModule):
    """The same batch `count` times, moved to the device as the product's batches are."""

    transfer_batch_to_device = ReidDataModule.transfer_batch_to_device

    def __init__(self, batch: ClipBatch, count: int) -> None:
        super().__init__()
        self._batches, self._transfer = [batch] * count, CudaPrefetcher()

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        return DataLoader(_Batches(self._batches), batch_size=None)


class _Batches(Dataset[ClipBatch]):
    def __init__(self, batches: Sequence[ClipBatch]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> ClipBatch:
        return self._batches[index]
