"""Loaders with workers that are stopped, or that find no room for a batch."""

import os
import signal
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, Dataset, SequentialSampler

from reid_cosam.training import loading
from reid_cosam.training.loading import Loader
from reid_cosam.training.shared_memory import Load, SharedMemoryFull, check_shared_memory

PAGE = 4096


class Batch(NamedTuple):
    values: Tensor


class Numbers(Dataset[int]):
    """0, 1, ... 39, each read at once unless it is one that takes `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> int:
        time.sleep(self._seconds)
        return index


def collate(samples: Sequence[int]) -> Batch:
    return Batch(torch.tensor(samples))


def loader(data: Numbers, persistent: bool = False) -> Loader[int]:
    return Loader(data, BatchSampler(SequentialSampler(data), 2, False), collate, 2, persistent, None)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(loading.PATIENCE, "1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("persistent", [False, True])
def test_a_stopped_worker_is_an_error_that_names_it(persistent: bool) -> None:
    batches = iter(loader(Numbers(0.01), persistent))
    next(batches)
    stopped = batches._workers[1].pid
    os.kill(stopped, signal.SIGSTOP)

    with pytest.raises(TimeoutError, match=rf"no batch came for 1 s .*: process {stopped} is stopped"):
        list(batches)

    assert not any(worker.is_alive() for worker in batches._workers)


@pytest.mark.usefixtures("impatient")
def test_only_the_wait_counts() -> None:
    seen = []
    for batch in loader(Numbers()):
        seen += batch.values.tolist()
        if len(seen) in (2, 20):
            time.sleep(3)  # a long iteration

    assert seen == list(range(40))


def test_a_worker_without_room_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Tensor) -> Tensor:
        raise RuntimeError(
            "unable to allocate shared memory(shm) for file </torch_1>: No space left on device"
        )

    monkeypatch.setattr(Tensor, "share_memory_", refuse)

    with pytest.raises(SharedMemoryFull) as full:
        list(loader(Numbers()))

    message = str(full.value)
    assert message.startswith("a batch found no room in shared memory (unable to allocate shared memory")
    assert "--shm-size" in message
    assert "\n" not in message


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is free, in bytes; the last number counts."""
    free = [0]
    usage = "reid_cosam.training.shared_memory.shutil.disk_usage"
    monkeypatch.setattr(usage, lambda _: SimpleNamespace(free=free[-1]))
    return free


@pytest.mark.parametrize(
    ("loads", "workers", "ranks", "needed"),
    [
        ([Load(1000, 4)], 2, 1, 11 * (4 * 1000 + 2 * PAGE)),  # 2 x 4 read ahead, 3 in hand
        ([Load(5, 4)], 2, 1, 5 * (4 * 1000 + 2 * PAGE)),  # there are no more
        ([Load(1000, 4)], 2, 3, 33 * (4 * 1000 + 2 * PAGE)),
        ([Load(1000, 4), Load(2, 64)], 1, 1, 7 * (4 * 1000 + 2 * PAGE) + 2 * (64 * 1000 + 2 * PAGE)),
    ],
)
def test_what_is_read_ahead_must_fit(
    loads: list[Load], workers: int, ranks: int, needed: int, room: list[int]
) -> None:
    room.append(needed)
    check_shared_memory(loads, 1000, workers, ranks)
    room.append(needed - 1)
    with pytest.raises(SharedMemoryFull, match=rf"data.workers={workers} needs .* MB"):
        check_shared_memory(loads, 1000, workers, ranks)


def test_the_message_tells_what_is_needed_and_what_is_there(room: list[int]) -> None:
    room.append(64 * 2**20)

    # The default: 32 clips of 4 frames of 256x128 pixels, 4 workers.
    with pytest.raises(SharedMemoryFull, match=r"data.workers=4 needs 229 MB .*has 64 MB free.*--shm-size"):
        check_shared_memory([Load(1000, 32)], 4 * 3 * 256 * 128, 4, 1)


def test_without_workers_nothing_is_needed(room: list[int]) -> None:
    room.append(0)

    check_shared_memory([Load(1000, 32)], 1000, 0, 1)
