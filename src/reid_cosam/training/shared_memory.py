"""Shared memory for the batches that workers hand over: by default Docker gives 64 MB of it."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor
from torch.utils.data import get_worker_info

PREFETCHED = 4
"""Batches that each worker reads ahead."""

_FOLDER = Path("/dev/shm")
_AFTER = 3  # batches that have left the workers: on the way to the device, computed with, about to be freed
_SMALL = 2 * 4096  # bytes: a page each for the other tensors of a batch


class SharedMemoryFull(OSError):
    """There is no room for a batch. Of the text that a loader's worker adds, only the message is kept."""

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition(f"{type(self).__name__}: ")[2].rstrip())


class Load(NamedTuple):
    """What one process reads: the number of batches, and of snippets in each."""

    batches: int
    snippets: int


def check_shared_memory(loads: Iterable[Load], snippet_bytes: int, workers: int, ranks: int) -> None:
    """Checks that there is room for all batches that the workers of all ranks on this machine read ahead.

    Raises:
        SharedMemoryFull: there is not; the message gives the remedy.
    """
    if not workers or not _FOLDER.is_dir():
        return
    ahead = workers * PREFETCHED + _AFTER
    needed = sum(min(ahead, one.batches) * (one.snippets * snippet_bytes + _SMALL) for one in loads) * ranks
    if needed > shutil.disk_usage(_FOLDER).free:
        raise SharedMemoryFull(
            f"data.workers={workers} needs {-(-needed >> 20)} MB of shared memory for the batches that are "
            f"read ahead{f' by {ranks} processes' if ranks > 1 else ''}, but {_remedy()}"
        )


def in_shared_memory(
    collate: Callable[[Sequence[Any]], tuple[Tensor, ...]], samples: Sequence[Any]
) -> tuple[Tensor, ...]:
    """The batch of `samples`, in a worker moved to shared memory.

    Torch would move it later, where an error reaches nobody and the batch is lost.

    Raises:
        SharedMemoryFull: there is no room.
    """
    batch = collate(samples)
    if get_worker_info() is not None:
        try:
            for tensor in batch:
                tensor.share_memory_()
        except RuntimeError as error:
            raise SharedMemoryFull(f"a batch found no room in shared memory ({error}): {_remedy()}") from None
    return batch


def _remedy() -> str:
    free = shutil.disk_usage(_FOLDER).free >> 20 if _FOLDER.is_dir() else 0
    return (
        f"{_FOLDER} has {free} MB free: enlarge it (docker run --shm-size=8g), lower data.workers, or set "
        "data.workers=0"
    )
