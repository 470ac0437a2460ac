"""Gives Lightning the training and evaluation batches."""

import logging
from collections import Counter
from typing import Any

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


class ReidDataModule(pl.LightningDataModule):
    """Batches of one data set. Build the trainer with `use_distributed_sampler=False`.

    Training is one long epoch of `num_batches` global batches, and resumes at the batch where it stopped.

    Attributes:
        num_snippets: snippets of all evaluated tracklets.
        labels: contiguous training label of each training identity, in the order of the identities.
        num_identities: training identities.
        evaluated: the tracklets that evaluation batches index: the queries, then the gallery.
        num_queries: queries at the head of `evaluated`.
    """

    def __init__(
        self,
        splits: ReidSplits,
        height: int,
        width: int,
        num_frames: int,
        sampling: str,
        identities_per_batch: int,
        tracklets_per_identity: int,
        num_batches: int,
        eval_batch_size: int,
        num_workers: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.labels = {pid: label for label, pid in enumerate(sorted({one.pid for one in splits.train}))}
        self.num_identities = len(self.labels)
        self.evaluated: tuple[Tracklet, ...] = splits.query + splits.gallery
        self.num_queries = len(splits.query)
        self._tracklets_trained_on = splits.train
        self._pids = [tracklet.pid for tracklet in splits.train]
        self._train = TrainSnippets(splits.train, self.labels, num_frames, height, width, sampling)
        self._evaluation = DenseSnippets(self.evaluated, num_frames, height, width, tail="cycle")
        self.num_snippets = len(self._evaluation)
        self._identities, self._tracklets = identities_per_batch, tracklets_per_identity
        self._num_batches, self._eval_batch_size = num_batches, eval_batch_size
        self._num_workers, self._seed = num_workers, seed
        self._transfer = CudaPrefetcher()
        self._batches(0, 1, 0)  # refuses a batch that the identities cannot fill, before anything starts
        scarce = sum(count < tracklets_per_identity for count in Counter(self._pids).values())
        if scarce:
            _log.info(
                "%d of %d training identities have fewer than %d tracklets: their batches repeat some",
                scarce,
                self.num_identities,
                tracklets_per_identity,
            )

    def train_dataloader(self) -> DataLoader[TrainSample]:
        """This rank's training batches, from the first that the trainer has not finished yet."""
        batches = SeededBatches(self._batches(*_rank_of(self.trainer), self._finished()))
        return _ResumedLoader(self._train, batches, collate_train, self._num_workers, True, self.trainer)

    def _batches(self, rank: int, world_size: int, first_batch: int) -> PKBatchSampler:
        sizes = (self._identities, self._tracklets, self._num_batches, self._seed)
        return PKBatchSampler(self._pids, *sizes, rank, world_size, first_batch)

    def tracklets_of(self, iteration: int) -> list[str]:
        """The tracklets of an iteration, counted from 1, by the end of their first frames' paths."""
        drawn = {draw.tracklet for draw in self._batches(0, 1, 0).global_batch(iteration - 1)}
        return ["/".join(self._tracklets_trained_on[one].frames[0].split("/")[-3:]) for one in sorted(drawn)]

    def val_dataloader(self) -> DataLoader[DenseSample]:
        """All snippets of this rank's evaluated tracklets."""
        return _whole_tracklets(self._evaluation, self._eval_batch_size, self._num_workers, self.trainer)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ARG002
        return self._transfer(batch, device)

    def _finished(self) -> int:
        """Steps done. Unlike the trainer's count of batches it goes on when a run is prolonged."""
        return 0 if self.trainer is None else self.trainer.global_step


class TrackletDataModule(pl.LightningDataModule):
    """All snippets of the given tracklets, each tracklet whole on one rank.

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
        return _whole_tracklets(self._snippets, self._batch_size, self._num_workers, self.trainer)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ARG002
        return self._transfer(batch, device)


def _whole_tracklets(
    snippets: DenseSnippets, batch_size: int, num_workers: int, trainer: pl.Trainer | None
) -> DataLoader[DenseSample]:
    batches = TrackletShardSampler(snippets.counts, batch_size, *_rank_of(trainer))
    return Loader(snippets, batches, collate_dense, num_workers, False, trainer)


def _rank_of(trainer: pl.Trainer | None) -> tuple[int, int]:
    return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)


class _ResumedLoader(Loader[TrainSample]):
    """Has no state to save: its sampler starts where the trainer's own count of batches says.

    Lightning takes a loader with these two methods for resumable, and warns in mid-epoch of any other.
    """

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
