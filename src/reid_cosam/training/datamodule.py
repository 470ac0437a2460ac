"""Gives Lightning the training and evaluation batches."""

import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from reid_cosam.data.datasets import (
    DenseSample,
    DenseSnippets,
    TrainSample,
    TrainSnippets,
    collate_dense,
    collate_train,
)
from reid_cosam.data.prefetcher import CudaPrefetcher
from reid_cosam.data.samplers import PKBatchSampler, SeededBatches, TrackletShardSampler
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.training.loading import Loader

_log = logging.getLogger(__name__)


class TrackletDataModule(pl.LightningDataModule):
    """All snippets of the given tracklets, each tracklet whole on one rank.

    Build the trainer with `use_distributed_sampler=False`.

    Attributes:
        num_snippets: snippets of all tracklets.
    """

    def __init__(self, snippets: DenseSnippets, batch_size: int, num_workers: int) -> None:
        super().__init__()
        self.num_snippets = len(snippets)
        self._snippets, self._batch_size, self._num_workers = snippets, batch_size, num_workers
        self._transfer = CudaPrefetcher()

    def test_dataloader(self) -> DataLoader[DenseSample]:
        """All snippets of this rank's tracklets."""
        batches = TrackletShardSampler(self._snippets.counts, self._batch_size, *self._rank())
        return Loader(self._snippets, batches, collate_dense, self._num_workers, False, self.trainer)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ARG002
        return self._transfer(batch, device)

    def _rank(self) -> tuple[int, int]:
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)


class SnippetSize(NamedTuple):
    """Frames of a snippet, and height and width in pixels that they are scaled to."""

    num_frames: int
    height: int
    width: int


class TrainSampling(NamedTuple):
    """What training sees: so many batches of P identities with K tracklets each, drawn from a seed.

    Attributes:
        frames: how the frames of a snippet are chosen, a key of `data.snippets.SAMPLING`.
    """

    frames: str
    identities: int
    tracklets: int
    num_batches: int
    seed: int


class ReidDataModule(TrackletDataModule):
    """Batches of one data set, to train with and to evaluate on.

    Training is one long epoch of `sampling.num_batches` global batches, and resumes at the batch where it
    stopped.

    Attributes:
        labels: contiguous training label of each training identity, in the order of the identities.
        num_identities: training identities.
        evaluated: the tracklets that evaluation batches index: the queries, then the gallery.
        num_queries: queries at the head of `evaluated`.

    Raises:
        ValueError: the identities cannot fill a batch.
    """

    def __init__(
        self,
        splits: ReidSplits,
        size: SnippetSize,
        sampling: TrainSampling,
        eval_batch_size: int,
        num_workers: int,
    ) -> None:
        self.evaluated: tuple[Tracklet, ...] = splits.query + splits.gallery
        super().__init__(DenseSnippets(self.evaluated, *size, tail="cycle"), eval_batch_size, num_workers)
        self.num_queries = len(splits.query)
        self.labels = {pid: label for label, pid in enumerate(sorted({one.pid for one in splits.train}))}
        self.num_identities = len(self.labels)
        self._tracklets, self._sampling = splits.train, sampling
        self._train = TrainSnippets(splits.train, self.labels, *size, sampling.frames)
        self._batches()  # refuses a batch that the identities cannot fill, before anything starts
        counts = Counter(tracklet.pid for tracklet in splits.train).values()
        scarce = sum(count < sampling.tracklets for count in counts)
        if scarce:
            _log.info(
                "%d of %d training identities have fewer than %d tracklets: their batches repeat some",
                scarce,
                self.num_identities,
                sampling.tracklets,
            )

    def train_dataloader(self) -> DataLoader[TrainSample]:
        """This rank's training batches, from the first that the trainer has not finished yet.

        Unlike the trainer's count of batches, its steps go on when a run is prolonged.
        """
        finished = 0 if self.trainer is None else self.trainer.global_step
        batches = SeededBatches(self._batches(*self._rank(), finished))
        return _ResumedLoader(self._train, batches, collate_train, self._num_workers, True, self.trainer)

    def val_dataloader(self) -> DataLoader[DenseSample]:
        """All snippets of this rank's evaluated tracklets."""
        return self.test_dataloader()

    def tracklets_of(self, iteration: int) -> list[str]:
        """The tracklets of an iteration, counted from 1, by first frames below the folder of all."""
        folder = Path(os.path.commonpath([Path(one.frames[0]).parent for one in self._tracklets]))
        drawn = {draw.tracklet for draw in self._batches().global_batch(iteration - 1)}
        return [self._tracklets[one].first_frame(folder) for one in sorted(drawn)]

    def _batches(self, rank: int = 0, world_size: int = 1, first_batch: int = 0) -> PKBatchSampler:
        pids = [tracklet.pid for tracklet in self._tracklets]
        _, identities, tracklets, num_batches, seed = self._sampling
        return PKBatchSampler(pids, identities, tracklets, num_batches, seed, rank, world_size, first_batch)


class _ResumedLoader(Loader[TrainSample]):
    """Has no state to save: its sampler starts where the trainer's own count of batches says.

    Lightning takes a loader with these two methods for resumable, and warns in mid-epoch of any other.
    """

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
