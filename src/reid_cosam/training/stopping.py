"""SIGTERM and Ctrl-C: training ends after the batch under way, on all ranks together, with a checkpoint."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import cast

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from pytorch_lightning.utilities.exceptions import SIGTERMException

_log = logging.getLogger(__name__)


class StopWhenTold(pl.Callback):
    """Raises `SIGTERMException` at the end of a batch once SIGTERM or Ctrl-C came to this or another rank.

    Lightning lets SIGTERM's handler itself broadcast, and Ctrl-C break off wherever the code stands. Ranks
    stand at different places of their collective operations then, so they wait for one another until somebody
    kills them. Here the handler only takes note, and after each iteration the ranks exchange their notes on
    the host: what is sent after one iteration is read after the next, so that neither a device nor another
    rank is waited for. So they do after each batch of an evaluation that all ranks have, as some may have
    more. Before and after an evaluation and after the last iteration they do wait: an evaluation starts
    processes, and nothing may be under way then (`datamodule.py`). A second Ctrl-C breaks off at once. A
    test keeps nothing: each rank that is told ends.

    Attributes:
        told: the number of the signal that came to this process or another rank; 0 while none did.
    """

    def __init__(self) -> None:
        self.told = 0
        self._group: dist.ProcessGroup | None = None
        self._sent: tuple[torch.Tensor, dist.Work] | None = None
        self._common = 0  # evaluation batches that every rank has

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._begin(trainer)
        # Lightning's own question to rank 0, whose answer it waits for in every iteration of several ranks.
        trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _nothing  # type: ignore[method-assign]

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._begin(trainer)
        if trainer.world_size > 1:
            batches = torch.tensor(int(trainer.num_val_batches[0]))
            dist.all_reduce(batches, dist.ReduceOp.MIN, self._group)
            self._common = int(batches)

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._take_note(signal.SIGTERM)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        step = trainer.global_step
        self._after_batch(trainer, step >= trainer.max_steps or step % int(trainer.val_check_interval) == 0)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: object,  # noqa: ARG002
        batch_idx: int,
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        if trainer.world_size == 1 or batch_idx < self._common:
            self._after_batch(trainer, False)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._after_batch(trainer, True)

    def on_test_batch_end(self, trainer: pl.Trainer, *_: object) -> None:  # noqa: ARG002
        if self.told:
            raise SIGTERMException

    def _after_batch(self, trainer: pl.Trainer, waits: bool) -> None:
        told = self.told
        if trainer.world_size > 1:
            told = self._answer()
            self._ask()
            if waits:
                told = max(told, self._answer())
        if told:
            self.told = told
            raise SIGTERMException

    def _begin(self, trainer: pl.Trainer) -> None:
        self._take_note(signal.SIGTERM, signal.SIGINT)
        if trainer.world_size > 1 and self._group is None:
            self._group = cast(dist.ProcessGroup, dist.new_group(backend="gloo"))

    def _take_note(self, *numbers: signal.Signals) -> None:
        """Again at each beginning, since Lightning puts its own handler first, and back what was there."""
        if threading.current_thread() is not threading.main_thread():  # no other one may
            return
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as for what runs in the background
                signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.told = number
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
            _log.info("ending after this batch; Ctrl-C once more ends at once")

    def _ask(self) -> None:
        told = torch.tensor(self.told)
        sending = dist.all_reduce(told, dist.ReduceOp.MAX, self._group, async_op=True)
        assert sending is not None
        self._sent = told, sending

    def _answer(self) -> int:
        """What some rank had been told when the ranks asked last, or 0; alike on all of them."""
        if self._sent is None:
            return 0
        told, sending = self._sent
        sending.wait()
        self._sent = None
        return int(told)


@contextmanager
def ending_as_told(trainer: pl.Trainer) -> Iterator[None]:
    """SIGTERM ends in 143, Ctrl-C in 130. Lightning would end in 0, as if done; a rank in an error."""
    stop = next(one for one in trainer.callbacks if isinstance(one, StopWhenTold))  # type: ignore[attr-defined]
    try:
        yield
    except SIGTERMException:  # Lightning's own until training starts
        raise SystemExit(128 + (stop.told or signal.SIGTERM)) from None
    except RuntimeError:  # such as that another rank ended first
        if not stop.told:
            raise
        raise SystemExit(128 + stop.told) from None


def _nothing() -> None:
    pass
