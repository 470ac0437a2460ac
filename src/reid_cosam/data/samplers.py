"""Batch samplers that know their rank: what the ranks see together does not depend on how many there are."""

from collections.abc import Iterator, Sequence
from heapq import heapify, heapreplace

import numpy as np
from jaxtyping import Int64
from torch import Tensor
from torch.utils.data import Sampler

from reid_cosam.data.datasets import Draw


class PKBatchSampler(Sampler[list[int]]):
    """P identities x K of their samples per batch, for the whole training in one long epoch.

    A pass visits every identity once, in an order of its own, and drops the identities left over by whole
    batches; an identity with fewer than K samples repeats some (both as the released code does). Batch k
    is a function of `(seed, k)` alone. Each rank gets one contiguous slice of it.

    Example:
        >>> import torch
        >>> from torch.utils.data import DataLoader, TensorDataset
        >>> labels = torch.tensor([7, 7, 7, 9, 9, 9, 4, 4, 4])
        >>> batches = PKBatchSampler(labels, num_identities=2, num_tracklets=2, num_batches=100, seed=0)
        >>> loader = DataLoader(TensorDataset(torch.rand(9, 3), labels), batch_sampler=batches)
        >>> samples, chosen = next(iter(loader))
        >>> samples.shape, len(chosen.unique()), len(loader)
        (torch.Size([4, 3]), 2, 100)

    Args:
        labels: the identity of each sample (in this project: of each tracklet).
        num_identities: P.
        num_tracklets: K.
        num_batches: batches of the whole training.
        rank: this process among `world_size`.
        first_batch: where iteration starts; a resumed training goes on from here.

    Raises:
        ValueError: fewer than P identities, or P x K does not divide into `world_size` slices; the message
            begins with the argument's name.
    """

    def __init__(
        self,
        labels: Sequence[int] | Int64[np.ndarray | Tensor, " n"],
        num_identities: int,
        num_tracklets: int,
        num_batches: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        first_batch: int = 0,
    ) -> None:
        of_sample = np.asarray(labels, dtype=np.int64)
        self._pools = [np.flatnonzero(of_sample == label) for label in np.unique(of_sample)]
        if not 1 <= num_identities <= len(self._pools):
            there = len(self._pools)
            remedy = f"; use num_identities={there} or fewer" if num_identities > there > 1 else ""
            raise ValueError(f"num_identities={num_identities}: the data set has {there} identities{remedy}")
        if num_tracklets < 1:
            raise ValueError(f"num_tracklets={num_tracklets}: a batch has at least one sample per identity")
        share, rest = divmod(num_identities * num_tracklets, world_size)
        if rest:
            raise ValueError(
                f"world_size={world_size} does not divide num_identities={num_identities} x "
                f"num_tracklets={num_tracklets}: every rank must get the same number of samples"
            )
        self._num_identities, self._num_tracklets = num_identities, num_tracklets
        self._num_batches, self._first_batch, self._seed = num_batches, first_batch, seed
        self._slice = slice(rank * share, (rank + 1) * share)

    def __len__(self) -> int:
        """Batches of the whole training, wherever iteration starts."""
        return self._num_batches

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.draws():
            yield [draw.tracklet for draw in batch]

    def draws(self) -> Iterator[list[Draw]]:
        """The same batches, with one seed per sample for whatever else is random about it."""
        for number in range(self._first_batch, self._num_batches):
            yield self.global_batch(number)[self._slice]

    def global_batch(self, number: int) -> list[Draw]:
        """Batch `number` of all ranks together, identity by identity."""
        round_, place = divmod(number, len(self._pools) // self._num_identities)
        # The middle word keeps the two streams apart: numpy seeds [seed, 1] and [seed, 1, 0] alike.
        order = np.random.default_rng([self._seed, 0, round_]).permutation(len(self._pools))
        rng = np.random.default_rng([self._seed, 1, number])
        chosen = order[place * self._num_identities : (place + 1) * self._num_identities]
        return [draw for identity in chosen for draw in self._draw(self._pools[identity], rng)]

    def _draw(self, pool: Int64[np.ndarray, " n"], rng: np.random.Generator) -> list[Draw]:
        samples = rng.choice(pool, self._num_tracklets, replace=len(pool) < self._num_tracklets)
        seeds = rng.integers(2**63, size=self._num_tracklets, dtype=np.uint64)
        return [Draw(int(sample), int(seed)) for sample, seed in zip(samples, seeds, strict=True)]


class SeededBatches(Sampler[list[Draw]]):
    """The batches of a `PKBatchSampler` as `TrainSnippets` takes them: each index with its seed."""

    def __init__(self, batches: PKBatchSampler) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[Draw]]:
        return self._batches.draws()


class TrackletShardSampler(Sampler[list[int]]):
    """Snippets for evaluation: each tracklet whole on one rank, nothing padded, repeated or dropped.

    A rank's snippets form one stream in the data set's order, cut into full batches and a last short one.

    Args:
        counts: snippets of each tracklet, which lie side by side in the data set.
    """

    def __init__(
        self, counts: Int64[np.ndarray, " n"], batch_size: int, rank: int = 0, world_size: int = 1
    ) -> None:
        ends = np.cumsum(counts)
        mine = np.flatnonzero(_balanced(counts, world_size) == rank)
        snippets = [np.arange(ends[tracklet] - counts[tracklet], ends[tracklet]) for tracklet in mine]
        self._snippets = np.concatenate([np.arange(0), *snippets])
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._snippets) // self._batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(0, len(self._snippets), self._batch_size):
            yield self._snippets[start : start + self._batch_size].tolist()


def _balanced(counts: Int64[np.ndarray, " n"], world_size: int) -> Int64[np.ndarray, " n"]:
    """The rank of each tracklet: the longest first, always to the rank with the fewest snippets so far."""
    ranks = np.zeros(len(counts), dtype=np.int64)
    loads = [(0, rank) for rank in range(world_size)]
    heapify(loads)
    for tracklet in np.argsort(-counts, kind="stable"):
        load, rank = loads[0]
        ranks[tracklet] = rank
        heapreplace(loads, (load + int(counts[tracklet]), rank))
    return ranks
