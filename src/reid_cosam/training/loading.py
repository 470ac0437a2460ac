"""Loaders whose worker processes may be stopped, starved or killed, and the run ends with an error.

Torch waits for ever for a batch that got lost, and for the worker that has it.

What asks a run to end mostly reaches its workers too: torchrun, `timeout` and a terminal send signals to the
run's process group, Slurm to all processes. Without its workers the run could not end its iteration and write
its checkpoint. So from the beginning workers leave signals to the run, and end when the run asks for it.
"""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar
from weakref import WeakSet

import psutil
import pytorch_lightning as pl
import torch.distributed as dist
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from reid_cosam import interruption
from reid_cosam.training.shared_memory import PREFETCHED, in_shared_memory

Sample = TypeVar("Sample")

PATIENCE = "REID_COSAM_BATCH_SECONDS"
"""The environment variable that replaces the time to wait for a batch."""

_PATIENCE_SECONDS = 600.0
_SECONDS_TO_RELEASE = 0.1
_HANGS = {
    psutil.STATUS_STOPPED: "is stopped",
    psutil.STATUS_TRACING_STOP: "is stopped",
    psutil.STATUS_DISK_SLEEP: "waits for its disk",
}

_workers: WeakSet[BaseProcess] = WeakSet()


class Loader(DataLoader[Sample]):
    """Its workers outlive what asks the run to end, and are waited for only so long."""

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
            # gloo's threads release what ranks have exchanged, through Python. Python 3.11 never wakes in a
            # process that was forked meanwhile.
            time.sleep(_SECONDS_TO_RELEASE)
        with _signals_blocked():
            return _Batches(super().__iter__(), alone=not dist.is_initialized())


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Workers that are started within get no signal before they have called `leave_signals_to_the_run`.

    This process gets afterwards what came meanwhile.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, interruption.SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_signals_to_the_run(_worker: int) -> None:
    """For a worker to call first: a SIGTERM from the run itself ends it, without an error, and nothing else.

    The run sends one when it ends, as torch's own handler knows as well. macOS does not name the sender of a
    signal; there SIGTERM ends workers, as torch has it.
    """
    for number in set(interruption.SIGNALS) - {signal.SIGTERM}:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM})
        threading.Thread(target=_end_with_the_run, daemon=True).start()
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _end_with_the_run() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)


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
        with _patience(self._workers) as given_up:
            try:
                with interruption.waiting() if self._alone else nullcontext():
                    return next(self._batches)
            except interruption.Interrupted:
                raise SIGTERMException from None
            except Exception:
                if not given_up:
                    raise
        for worker in self._workers:
            with suppress(RuntimeError):  # torch may have an error to raise for each
                worker.join(1)
        raise TimeoutError(given_up[0])


@contextmanager
def _patience(workers: Sequence[BaseProcess]) -> Iterator[list[str]]:
    """Kills workers that are waited for too long within, and yields a list that then contains the reason.

    Nothing less ends the wait in all cases: a worker that is stopped may have the batch, and the run hang on
    that worker's socket. Time in which the run itself is stopped does not count.
    """
    seconds = float(os.environ.get(PATIENCE, _PATIENCE_SECONDS))
    over = threading.Event()
    given_up: list[str] = []

    def watch() -> None:
        waited = 0
        while waited <= seconds:
            if over.wait(1):
                return
            waited += 1
        given_up.append(_reason(workers, seconds))
        _kill(workers)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield given_up
    finally:
        over.set()


def _reason(workers: Sequence[BaseProcess], seconds: float) -> str:
    hanging = []
    for worker in workers:
        with suppress(psutil.Error):
            if (state := psutil.Process(worker.pid).status()) in _HANGS:
                hanging.append(f"process {worker.pid} {_HANGS[state]}")
    return (
        f"no batch came for {seconds:.0f} s from the {len(workers)} processes that read data: "
        f"{', '.join(hanging) or 'none is stopped'}. data.workers=0 reads without workers; if reading "
        f"really takes that long, set {PATIENCE} in the environment"
    )


def _kill(workers: Sequence[BaseProcess]) -> None:
    for worker in workers:
        with suppress(ValueError, RuntimeError):  # closed; torch reports that a worker was killed
            worker.kill()


def _kill_leftover() -> None:
    """Python would wait for ever for a stopped one, which no SIGTERM ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch raises an error for each worker that is killed
    _kill([one for one in _workers if one.is_alive()])


atexit.register(_kill_leftover)  # after torch's own exit hook, before that of multiprocessing: both are older
