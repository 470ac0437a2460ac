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
    """Raises `SIGTERMException` at the end of an iteration once this process or another rank got SIGTERM.

    Lightning lets the signal's handler itself broadcast. Ranks stand at different places of their collective
    operations when the signal comes, so they wait for one another until somebody kills them. Here the handler
    only takes note, and after each iteration the ranks exchange their notes on the host: what is sent after
    one iteration is read after the next, so that neither a device nor another rank is waited for.

    Attributes:
        told: whether this process got SIGTERM.
    """

    def __init__(self) -> None:
        self.told = False
        self._group: dist.ProcessGroup | None = None
        self._sent: tuple[torch.Tensor, dist.Work] | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._take_note()
        if trainer.world_size > 1:
            self._group = cast(dist.ProcessGroup, dist.new_group(backend="gloo"))
            # Lightning's own question to rank 0, whose answer it waits for in every iteration.
            trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _nothing  # type: ignore[method-assign]

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._take_note()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if self._agreed() if trainer.world_size > 1 else self.told:
            raise SIGTERMException

    def on_validation_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Ranks have unequal numbers of batches; several of them go on to the next iteration."""
        if self.told and trainer.world_size == 1:
            raise SIGTERMException

    def _take_note(self) -> None:
        """Again at each beginning, since Lightning puts its own handler first."""

        def note(_number: int, _frame: FrameType | None) -> None:
            self.told = True

        if threading.current_thread() is threading.main_thread():  # no other one may
            signal.signal(signal.SIGTERM, note)

    def _agreed(self) -> bool:
        """Whether some rank had been told by the end of the iteration before; alike on all ranks."""
        before = False
        if self._sent is not None:
            told, sending = self._sent
            sending.wait()
            before = bool(told)
        told = torch.tensor(int(self.told))
        sending = dist.all_reduce(told, dist.ReduceOp.MAX, self._group, async_op=True)
        assert sending is not None
        self._sent = told, sending
        return before


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
