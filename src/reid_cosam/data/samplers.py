"""Batch samplers that know their rank: what the ranks see together does not depend on how many there are."""

from collections.abc import Iterator, Sequence
from heapq import heapify, heapreplace

import numpy as np
from jaxtyping import Int64
from torch.utils.data import Sampler

from reid_cosam.data.datasets import Draw


class PKBatchSampler(Sampler[list[Draw]]):
    """P identities x K tracklets a batch, for the whole training in one long epoch.

    A pass shows every identity once, in an order of its own, and drops the identities left over by whole
    batches; an identity with fewer than K tracklets repeats some (both as the released code does). Batch k
    is a function of `(seed, k)` alone. Each rank gets one contiguous slice of it.

    Args:
        pids: the identity of each tracklet.
        identities: P.
        tracklets: K.
        first_batch: where iteration starts; a resumed training goes on from here.

    Raises:
        ValueError: fewer than P identities, or P x K does not divide into `world_size` slices.
    """

    def __init__(
        self,
        pids: Sequence[int],
        identities: int,
        tracklets: int,
        num_batches: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        first_batch: int = 0,
    ) -> None:
        of_pid = np.asarray(pids, dtype=np.int64)
        self._pools = [np.flatnonzero(of_pid == pid) for pid in np.unique(of_pid)]
        if len(self._pools) < identities:
            raise ValueError(
                f"a batch wants {identities} identities, but the training set has {len(self._pools)}: "
                "lower recipe.sampling.identities"
            )
        if identities * tracklets % world_size:
            raise ValueError(
                f"{identities} identities x {tracklets} tracklets do not divide among {world_size} ranks: "
                "change recipe.sampling.identities, recipe.sampling.tracklets or trainer.devices"
            )
        self._identities, self._tracklets = identities, tracklets
        self._num_batches, self._first_batch, self._seed = num_batches, first_batch, seed
        share = identities * tracklets // world_size
        self._slice = slice(rank * share, (rank + 1) * share)

    def __len__(self) -> int:
        """Batches of the whole training, wherever iteration starts."""
        return self._num_batches

    def __iter__(self) -> Iterator[list[Draw]]:
        for number in range(self._first_batch, self._num_batches):
            yield self.global_batch(number)[self._slice]

    def global_batch(self, number: int) -> list[Draw]:
        """Batch `number` of all ranks together, identity by identity."""
        round_, place = divmod(number, len(self._pools) // self._identities)
        # The middle word keeps the two streams apart: numpy seeds [seed, 1] and [seed, 1, 0] alike.
        order = np.random.default_rng([self._seed, 0, round_]).permutation(len(self._pools))
        rng = np.random.default_rng([self._seed, 1, number])
        chosen = order[place * self._identities : (place + 1) * self._identities]
        return [draw for identity in chosen for draw in self._draws(self._pools[identity], rng)]

    def _draws(self, pool: Int64[np.ndarray, " n"], rng: np.random.Generator) -> list[Draw]:
        tracklets = rng.choice(pool, self._tracklets, replace=len(pool) < self._tracklets)
        seeds = rng.integers(2**63, size=self._tracklets, dtype=np.uint64)
        return [Draw(int(tracklet), int(seed)) for tracklet, seed in zip(tracklets, seeds, strict=True)]


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
