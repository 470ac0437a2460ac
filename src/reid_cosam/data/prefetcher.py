"""Batches on their way to a device."""

from typing import Any, TypeVar

import torch

Batch = TypeVar("Batch", bound=tuple[Any, ...])


class CudaPrefetcher:
    """Moves batches to a device; to a GPU beside what it is computing.

    The host runs ahead of a GPU, as no step waits for it, so the next batch is asked for while the GPU is
    still at work on this one. In a stream of its own the copy starts at once, and not after that work. It
    takes pinned memory, as the loaders give it.
    """

    def __init__(self) -> None:
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, batch: Batch, device: torch.device) -> Batch:
        """The same named tuple of tensors on `device`."""
        if device.type != "cuda":
            return type(batch)(*(one.to(device) for one in batch))
        if self._stream is None:
            self._stream = torch.cuda.Stream(device)
        computing = torch.cuda.current_stream(device)
        with torch.cuda.stream(self._stream):
            moved = type(batch)(*(one.to(device, non_blocking=True) for one in batch))
        computing.wait_stream(self._stream)
        for one in moved:
            one.record_stream(computing)  # or its memory could be given away while it is still read
        return moved
