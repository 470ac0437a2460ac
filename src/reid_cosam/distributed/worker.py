"""A process in which launcher=joblib runs one run of a sweep after another."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import IO

import torch

from reid_cosam.distributed.launch import is_rank
from reid_cosam.processes import PARENT, end_with, wait_for_jobs

_WORKER = "REID_COSAM_WORKER"  # set by launcher=joblib
_PATIENCE_SECONDS = 30.0  # a worker that takes another's place may come before that one is gone

_claimed: list[IO[bytes]] = []


def num_runs_at_once(devices: int) -> int:
    """How many runs of so many devices each this machine's GPUs can hold; one where there is no GPU."""
    return max(1, torch.cuda.device_count() // devices)


def settle(devices: int) -> None:
    """Prepares a process that works for another; elsewhere it does nothing.

    A rank ends when its launcher is killed. A process in which launcher=joblib runs one run after another
    gets GPUs of its own. Must come before CUDA is asked for devices.

    Raises:
        ValueError: there are too few GPUs for so many runs at once.
    """
    if PARENT in os.environ:
        end_with(int(os.environ.pop(PARENT)))  # it is no parent of what this process starts
    if _WORKER in os.environ and not is_rank():
        _claim_gpus(devices)


def end_with_sweep() -> None:
    """Lets the processes that launcher=joblib will start end when this one does, at work or not.

    joblib leaves them waiting for this one's next word.
    """
    from joblib.parallel import LokyBackend, register_parallel_backend  # of the extra `sweep`

    ending = {"initializer": wait_for_jobs, "initargs": (os.getpid(),)}
    register_parallel_backend("loky", partial(LokyBackend, **ending))


def _claim_gpus(devices: int) -> None:
    if _claimed or torch.cuda.device_count() == 0:
        return
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(found := _free(names, devices)) < devices:
        for lock in found.values():
            lock.close()
        if time.monotonic() > deadline:
            raise ValueError(
                f"of the GPUs {', '.join(names)} only {len(found)} are free, and a run needs {devices}: "
                "lower hydra.launcher.n_jobs"
            )
        time.sleep(1)
    _claimed.extend(found.values())
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(found)


def _free(names: Iterable[str], wanted: int) -> dict[str, IO[bytes]]:
    """Up to `wanted` GPUs that no other process holds, locked."""
    found: dict[str, IO[bytes]] = {}
    for name in names:
        if len(found) == wanted:
            break
        lock = _lock_file(name)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found[name] = lock
        except BlockingIOError:
            lock.close()
    return found


def _lock_file(name: str) -> IO[bytes]:
    return Path(tempfile.gettempdir(), f"reid_cosam_{os.getuid()}_gpu_{name}.lock").open("ab")
