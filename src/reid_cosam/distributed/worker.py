"""A process in which launcher=joblib runs one run of a sweep after another, on GPUs of its own."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import IO

from reid_cosam.distributed.launch import is_rank
from reid_cosam.processes import wait_for_jobs

_WORKER = "REID_COSAM_WORKER"  # set by launcher=joblib
_PATIENCE_SECONDS = 30.0  # a worker that replaces another may come before that one has ended

_locks: list[IO[bytes]] = []  # of this worker's GPUs, kept from one run to the next


def claim_gpus(devices: int) -> None:
    """Gives a worker of launcher=joblib GPUs that no other worker has; other processes stay as they are.

    Call it before CUDA is asked for devices.

    Raises:
        ValueError: there are too few GPUs for so many runs at once.
    """
    if _locks or _WORKER not in os.environ or is_rank():
        return
    import torch

    count = torch.cuda.device_count()
    if count == 0:
        return
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(index) for index in range(count)]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(found := _lock_free_gpus(names, devices)) < devices:
        for lock in found.values():
            lock.close()
        if time.monotonic() > deadline:
            raise ValueError(
                f"of the GPUs {', '.join(names)} only {len(found)} are free, and a run needs {devices}: "
                "lower hydra.launcher.n_jobs"
            )
        time.sleep(1)
    _locks.extend(found.values())
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(found)


def _lock_free_gpus(names: Iterable[str], wanted: int) -> dict[str, IO[bytes]]:
    """Open lock files of up to `wanted` GPUs that no other process uses."""
    found: dict[str, IO[bytes]] = {}
    for name in names:
        if len(found) == wanted:
            break
        lock = Path(tempfile.gettempdir(), f"reid_cosam_{os.getuid()}_gpu_{name}.lock").open("ab")  # noqa: SIM115  kept open
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found[name] = lock
        except BlockingIOError:
            lock.close()
    return found


def end_with_sweep() -> None:
    """Lets the workers that launcher=joblib will start end when this process does, at work or not.

    joblib would leave them waiting for their next run.
    """
    from joblib.parallel import LokyBackend, register_parallel_backend  # of the extra `sweep`

    ending = {"initializer": wait_for_jobs, "initargs": (os.getpid(),)}
    register_parallel_backend("loky", partial(LokyBackend, **ending))
