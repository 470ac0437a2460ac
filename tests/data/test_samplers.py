import json
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from reid_cosam.data.samplers import PKBatchSampler, SeededBatches, TrackletShardSampler

# Identities 10 to 16: identity 10 has one tracklet, 11 has two, and so on to seven.
PIDS = [pid for pid in range(10, 17) for _ in range(pid - 9)]
GOLDEN = Path(__file__).parent / "golden" / "pk_batches.json"
IDENTITIES, TRACKLETS, NUM_BATCHES = 3, 4, 10
BATCHES_A_PASS = 2  # 7 identities // 3, one is dropped


def _batches(rank: int = 0, world_size: int = 1, first_batch: int = 0, seed: int = 5) -> PKBatchSampler:
    return PKBatchSampler(
        PIDS,
        IDENTITIES,
        TRACKLETS,
        NUM_BATCHES,
        seed,
        rank=rank,
        world_size=world_size,
        first_batch=first_batch,
    )


def test_a_batch_holds_k_tracklets_of_each_of_p_identities() -> None:
    for batch in _batches():
        identities = [PIDS[index] for index in batch]

        assert identities == [pid for pid in dict.fromkeys(identities) for _ in range(TRACKLETS)]
        assert len(set(identities)) == IDENTITIES


def test_tracklets_repeat_only_where_an_identity_has_too_few() -> None:
    for batch in _batches():
        for start in range(0, len(batch), TRACKLETS):
            drawn = batch[start : start + TRACKLETS]
            available = PIDS.count(PIDS[drawn[0]])
            assert len(set(drawn)) == TRACKLETS if available >= TRACKLETS else len(set(drawn)) <= available


def test_a_pass_visits_no_identity_twice_and_passes_differ() -> None:
    batches = [{PIDS[index] for index in batch} for batch in _batches()]
    passes = [batches[start : start + BATCHES_A_PASS] for start in range(0, NUM_BATCHES, BATCHES_A_PASS)]

    for visited in passes:
        assert len(set().union(*visited)) == IDENTITIES * BATCHES_A_PASS
    assert len({frozenset(set().union(*visited)) for visited in passes}) > 1


@pytest.mark.parametrize("world_size", [1, 2, 3, 4, 12])
def test_the_ranks_together_see_the_global_batches(world_size: int) -> None:
    by_rank = [list(_batches(rank, world_size)) for rank in range(world_size)]

    together = [list(chain.from_iterable(shares)) for shares in zip(*by_rank, strict=True)]

    assert together == list(_batches())


def test_a_later_start_gives_the_rest_of_the_same_batches() -> None:
    resumed = _batches(first_batch=7)

    assert list(resumed) == list(_batches())[7:]
    assert len(resumed) == NUM_BATCHES


def test_iterating_again_gives_the_same_batches_and_another_seed_gives_others() -> None:
    batches = _batches()

    assert list(batches) == list(batches)
    assert list(batches) != list(_batches(seed=6))


def test_each_sample_has_a_seed_of_its_own() -> None:
    seeded = list(SeededBatches(_batches()))

    assert [[draw.tracklet for draw in batch] for batch in seeded] == list(_batches())
    assert len({draw.seed for batch in seeded for draw in batch}) == NUM_BATCHES * IDENTITIES * TRACKLETS


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text()))
def test_batches_and_seeds_are_those_of_earlier_runs(case: dict[str, Any]) -> None:
    """Recorded before: a change would alter what a resumed run and a repeated one train on."""
    expected = [[tuple(draw) for draw in batch] for batch in case.pop("batches")]
    batches = PKBatchSampler(PIDS, IDENTITIES, TRACKLETS, NUM_BATCHES, **case)

    assert list(SeededBatches(batches))[: len(expected)] == expected


def test_it_serves_any_data_set() -> None:
    labels = torch.tensor(PIDS)
    data = TensorDataset(torch.arange(len(PIDS)), labels)
    loader = DataLoader(data, batch_sampler=PKBatchSampler(labels, IDENTITIES, TRACKLETS, NUM_BATCHES, 5))

    assert [indices.tolist() for indices, _ in loader] == list(_batches())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((8, TRACKLETS, 1), "num_identities=8: the data set has 7 identities; use num_identities=7 or fewer"),
        ((0, TRACKLETS, 1), "num_identities=0"),
        ((3, 0, 1), "num_tracklets=0"),
        ((3, 4, 5), "world_size=5 does not divide num_identities=3 x num_tracklets=4"),
    ],
)
def test_wrong_sizes_name_the_argument(arguments: tuple[int, int, int], message: str) -> None:
    identities, tracklets, world_size = arguments

    with pytest.raises(ValueError, match=f"^{message}"):
        PKBatchSampler(PIDS, identities, tracklets, NUM_BATCHES, 0, world_size=world_size)


COUNTS = np.array([3, 1, 1, 7, 2, 5, 1, 4])
FIRSTS = np.cumsum(COUNTS) - COUNTS


@pytest.mark.parametrize("world_size", [1, 2, 3, 5, 11])
def test_every_snippet_comes_once_whatever_the_number_of_ranks(world_size: int) -> None:
    streams = [
        list(chain.from_iterable(TrackletShardSampler(COUNTS, 4, rank, world_size)))
        for rank in range(world_size)
    ]

    assert sorted(chain.from_iterable(streams)) == list(range(24))


@pytest.mark.parametrize("world_size", [2, 3, 5, 11])
def test_tracklets_stay_whole_and_in_order(world_size: int) -> None:
    owner = np.repeat(np.arange(len(COUNTS)), COUNTS)
    for rank in range(world_size):
        stream = list(chain.from_iterable(TrackletShardSampler(COUNTS, 4, rank, world_size)))

        assert stream == sorted(stream)
        assert Counter(owner[stream].tolist()) == {
            tracklet: COUNTS[tracklet] for tracklet in set(owner[stream].tolist())
        }


def test_ranks_get_equal_shares_where_the_counts_allow() -> None:
    loads = [sum(map(len, TrackletShardSampler(COUNTS, 4, rank, 3))) for rank in range(3)]

    assert loads == [8, 8, 8]


def test_batches_are_full_but_the_last() -> None:
    batches = TrackletShardSampler(COUNTS, 7)

    assert list(map(len, batches)) == [7, 7, 7, 3]
    assert len(batches) == 4
    assert next(iter(batches)) == [0, 1, 2, 3, 4, 5, 6]


def test_a_rank_without_tracklets_has_no_batches() -> None:
    surplus = TrackletShardSampler(COUNTS, 4, rank=10, world_size=11)

    assert list(surplus) == []
    assert len(surplus) == 0
