"""SIGTERM: training ends after the iteration under way, on all ranks together, and leaves a checkpoint."""

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


class StopWhenTold(pl.Callback):
    """Raises `SIGTERMException` at the end of a batch once this process or another rank got SIGTERM.

    Lightning lets the signal's handler itself broadcast. Ranks stand at different places of their collective
    operations when the signal comes, so they wait for one another until somebody kills them. Here the handler
    only takes note, and after each iteration the ranks exchange their notes on the host: what is sent after
    one iteration is read after the next, so that neither a device nor another rank is waited for. So they do
    after each batch of an evaluation that all ranks have, as some may have more; after an evaluation and
    after the last iteration they do wait. A test keeps nothing: each rank that is told ends.

    Attributes:
        told: whether this process got SIGTERM, or as one of several Ctrl-C.
    """

    def __init__(self) -> None:
        self.told = False
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
        self._after_batch(trainer, waits=trainer.global_step >= trainer.max_steps)

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
            self._after_batch(trainer, waits=False)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._after_batch(trainer, waits=True)

    def on_test_batch_end(self, trainer: pl.Trainer, *_: object) -> None:  # noqa: ARG002
        if self.told:
            raise SIGTERMException

    def _after_batch(self, trainer: pl.Trainer, waits: bool) -> None:
        told = self.told
        if trainer.world_size > 1:
            told = self._answer()
            self._ask()
            if waits:
                told |= self._answer()
        if told:
            raise SIGTERMException

    def _begin(self, trainer: pl.Trainer) -> None:
        self._take_note(signal.SIGTERM)
        if trainer.world_size > 1:
            self._take_note(signal.SIGINT)  # Ctrl-C, at which ranks stand at different places as well
            if self._group is None:
                self._group = cast(dist.ProcessGroup, dist.new_group(backend="gloo"))

    def _take_note(self, number: signal.Signals) -> None:
        """Again at each beginning, since Lightning puts its own handler first."""

        def note(_number: int, _frame: FrameType | None) -> None:
            self.told = True

        if threading.current_thread() is threading.main_thread():  # no other one may
            signal.signal(number, note)

    def _ask(self) -> None:
        told = torch.tensor(int(self.told))
        sending = dist.all_reduce(told, dist.ReduceOp.MAX, self._group, async_op=True)
        assert sending is not None
        self._sent = told, sending

    def _answer(self) -> bool:
        """Whether some rank had been told when the ranks asked last; alike on all of them."""
        if self._sent is None:
            return False
        told, sending = self._sent
        sending.wait()
        self._sent = None
        return bool(told)


@contextmanager
def ending_as_told(trainer: pl.Trainer) -> Iterator[None]:
    """SIGTERM ends in 143. Lightning would end in 0, as if all were done; a worker or rank in an error."""
    try:
        yield
    except SIGTERMException:
        raise SystemExit(128 + signal.SIGTERM) from None
    except RuntimeError as error:
        told = any(isinstance(one, StopWhenTold) and one.told for one in trainer.callbacks)  # type: ignore[attr-defined]
        if not told and "killed by signal: Terminated" not in str(error):
            raise
        raise SystemExit(128 + signal.SIGTERM) from None


def _nothing() -> None:
    pass
