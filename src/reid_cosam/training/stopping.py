"""Interrupted training ends after the iteration under way, on all ranks together, with a checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGTERM
from typing import cast

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam import interruption


class StopWhenInterrupted(pl.Callback):
    """Raises `SIGTERMException` at the end of a batch once a signal came to this or another rank.

    A rank that stopped where the signal reached it would leave the others waiting in a collective operation.
    So the ranks exchange, on the host, after each iteration which signals they received: the result is read
    after the next, so that neither a device nor another rank is waited for. They do the same after each
    evaluation batch that all ranks have, as some may have more. Before and after an evaluation and after the
    last iteration they wait for the result: an evaluation starts processes, and no exchange may be under way
    then (`loading.py`). A test writes no checkpoint: each rank that receives a signal ends.
    """

    def __init__(self) -> None:
        self._group: dist.ProcessGroup | None = None
        self._sent: tuple[torch.Tensor, dist.Work] | None = None
        self._common = 0  # evaluation batches that every rank has

    def on_train_start(self, trainer: pl.Trainer, *_: object) -> None:
        self._begin(trainer)
        # Lightning's own question to rank 0, whose answer it waits for in every iteration of several ranks.
        trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _nothing  # type: ignore[method-assign]

    def on_validation_start(self, trainer: pl.Trainer, *_: object) -> None:
        self._begin(trainer)
        if trainer.world_size > 1:
            batches = torch.tensor(int(trainer.num_val_batches[0]))
            dist.all_reduce(batches, dist.ReduceOp.MIN, self._group)
            self._common = int(batches)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        step = trainer.global_step
        self._after_batch(trainer, step >= trainer.max_steps or step % int(trainer.val_check_interval) == 0)

    def on_validation_batch_end(
        self, trainer: pl.Trainer, _module: object, _outputs: object, _batch: object, batch_idx: int, *_: int
    ) -> None:
        if trainer.world_size == 1 or batch_idx < self._common:
            self._after_batch(trainer, waits=False)

    def on_validation_end(self, trainer: pl.Trainer, *_: object) -> None:
        self._after_batch(trainer, waits=True)

    def on_test_batch_end(self, *_: object) -> None:
        if interruption.received():
            raise SIGTERMException

    def _begin(self, trainer: pl.Trainer) -> None:
        if trainer.world_size > 1 and self._group is None:
            self._group = cast(dist.ProcessGroup, dist.new_group(backend="gloo"))

    def _after_batch(self, trainer: pl.Trainer, waits: bool) -> None:
        received = interruption.received()
        if trainer.world_size > 1:
            received = self._receive()
            self._send()
            if waits:
                received = max(received, self._receive())
        if received:
            interruption.record(received)
            raise SIGTERMException

    def _send(self) -> None:
        received = torch.tensor(interruption.received())
        work = dist.all_reduce(received, dist.ReduceOp.MAX, self._group, async_op=True)
        assert work is not None
        self._sent = received, work

    def _receive(self) -> int:
        """The signal that some rank had received at the last exchange, or 0; the same on all ranks."""
        if self._sent is None:
            return 0
        received, work = self._sent
        work.wait()
        self._sent = None
        return int(received)


@contextmanager
def interruptible(trainer: pl.Trainer, end: str) -> Iterator[None]:
    """Within, signals are left to `StopWhenInterrupted`; leaving because of one raises `Interrupted`.

    `end` names where that is, such as `after this batch`.

    Lightning's own handlers stay out: on SIGTERM they exchange messages wherever the ranks are, and under
    Slurm they save a checkpoint in the middle of an iteration.
    """
    trainer._signal_connector.register_signal_handlers = _nothing  # type: ignore[method-assign]
    with interruption.finishing(end):
        try:
            yield
        except SIGTERMException:
            raise interruption.Interrupted(interruption.received() or SIGTERM) from None
        except RuntimeError:  # such as that another rank ended first
            if not interruption.received():
                raise
            raise interruption.Interrupted(interruption.received()) from None


def _nothing() -> None:
    pass
