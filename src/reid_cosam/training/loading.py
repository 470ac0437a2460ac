"""Loaders whose worker processes may be stopped, starved or killed, and the run ends with an error.

Torch waits for ever for a batch that got lost, and for the worker that holds it.
"""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

import pytorch_lightning as pl
import torch.distributed as dist
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from reid_cosam import interruption
from reid_cosam.training.shared_memory import PREFETCHED, in_shared_memory
from reid_cosam.training.worker_signals import held, leave_signals_to_the_run

Sample = TypeVar("Sample")

PATIENCE = "REID_COSAM_BATCH_SECONDS"
"""The variable that says how long to wait for a batch instead."""

_PATIENCE_SECONDS = 600.0
_SECONDS_TO_LET_GO = 0.1
_STATES = {"T": "is stopped", "t": "is stopped", "D": "waits for its disk"}


class Loader(DataLoader[Sample]):
    """Its workers outlive what tells the run to stop, and are waited for only so long."""

    def __init__(
        self,
        data: Dataset[Sample],
        batches: Sampler[list[Any]],
        collate: Callable[[Sequence[Any]], tuple[Tensor, ...]],
        num_workers: int,
        persistent: bool,
        trainer: pl.Trainer | None,
    ) -> None:
        super().__init__(
            data,
            batch_sampler=batches,
            collate_fn=partial(in_shared_memory, collate),
            num_workers=num_workers,
            worker_init_fn=leave_signals_to_the_run,
            persistent_workers=persistent and num_workers > 0,
            prefetch_factor=PREFETCHED if num_workers else None,
            pin_memory=trainer is not None and trainer.strategy.root_device.type == "cuda",
        )

    def __iter__(self) -> Any:
        if not self.num_workers:
            return super().__iter__()
        if dist.is_initialized():
            # gloo's threads let go of what ranks have exchanged, through Python. Python 3.11 never wakes in a
            # process that was forked meanwhile.
            time.sleep(_SECONDS_TO_LET_GO)
        with held():
            return _Batches(super().__iter__(), alone=not dist.is_initialized())


class _Batches:
    """The batches of a loader with workers.

    Args:
        alone: no other rank waits for this process, which may be interrupted while it waits for a batch.
    """

    def __init__(self, batches: Any, alone: bool) -> None:
        self._batches, self._workers, self._alone = batches, batches._workers, alone
        _workers.update(self._workers)

    def __iter__(self) -> "_Batches":
        return self

    def __next__(self) -> Any:
        """The next batch.

        Raises:
            TimeoutError: none came in time.
            SIGTERMException: a signal came instead.
        """
        wait = _watch.begin(self._workers)
        try:
            with interruption.waiting() if self._alone else nullcontext():
                return next(self._batches)
        except interruption.Interrupted:
            raise SIGTERMException from None
        except Exception:
            if not wait.given_up:
                raise
            self._bury()
            raise TimeoutError(wait.given_up) from None
        finally:
            _watch.end()

    def _bury(self) -> None:
        """Waits for the workers' end, of each of which torch may have an error to raise."""
        for worker in self._workers:
            with suppress(RuntimeError):
                worker.join(1)


class _Wait:
    """One wait for a batch; `given_up` says why it was."""

    def __init__(self, workers: Sequence[BaseProcess]) -> None:
        self.workers, self.seconds, self.given_up = workers, 0, ""


class _Watch:
    """Kills the workers that are waited for too long, which ends the wait with an error.

    Nothing less does in all cases: a worker that is stopped may hold its batch, and the run hang on that
    worker's socket. Time in which the run itself is stopped does not count.
    """

    def __init__(self) -> None:
        self._wait: _Wait | None = None
        self._process = 0  # the one whose thread watches; a fork has none

    def begin(self, workers: Sequence[BaseProcess]) -> _Wait:
        if self._process != os.getpid():
            self._process = os.getpid()
            threading.Thread(target=self._look, daemon=True).start()
        self._wait = _Wait(workers)
        return self._wait

    def end(self) -> None:
        self._wait = None

    def _look(self) -> None:
        patience = float(os.environ.get(PATIENCE, _PATIENCE_SECONDS))
        while True:
            time.sleep(1)
            wait = self._wait
            if wait is None:
                continue
            wait.seconds += 1
            if wait.seconds > patience and not wait.given_up:
                wait.given_up = _reason(wait.workers, patience)
                _kill(wait.workers)


_watch = _Watch()
_workers: WeakSet[BaseProcess] = WeakSet()


def _reason(workers: Sequence[BaseProcess], patience: float) -> str:
    found = [f"process {one.pid} {state}" for one in workers if (state := _STATES.get(_state(one.pid)))]
    if not found:
        found = ["none is stopped"]
    return (
        f"no batch came for {patience:.0f} s from the {len(workers)} processes that read data: "
        f"{', '.join(found)}. data.workers=0 reads without them; where reading takes that long, set "
        f"{PATIENCE} in the environment"
    )


def _state(pid: int | None) -> str:
    """A letter, as the system has it; empty where it does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _kill(workers: Sequence[BaseProcess]) -> None:
    for worker in workers:
        with suppress(ValueError, RuntimeError):  # closed; torch's word that a worker was killed
            worker.kill()


def _kill_leftover() -> None:
    """Python would wait for ever for a stopped one, which no SIGTERM ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch raises an error for each worker that is killed
    _kill([one for one in _workers if one.is_alive()])


atexit.register(_kill_leftover)  # after torch's own farewell, before that of multiprocessing: both are older
