"""Processes that start others: none outlives the one that it works for, and all end cleanly when asked to."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PARENT = "REID_COSAM_PARENT"
"""The variable by which a process passes its own number to one that it starts, for `end_with`."""

SECONDS_TO_STOP = 120
"""For an interrupted run: two iterations, or a batch of an evaluation, and a checkpoint."""

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_TO_KILL = SECONDS_TO_STOP + 30

_between_jobs = threading.Event()


def end_with(parent: int) -> None:
    """Makes this process end when the process `parent`, which started it, is gone in whatever way.

    It is sent SIGTERM; where that is not enough, SIGKILL. `parent` must be passed on by that process itself,
    which may be gone before this one can ask for its number.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        if not _between_jobs.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
        _between_jobs.wait(_SECONDS_TO_KILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def wait_for_jobs(parent: int) -> None:
    """As `end_with`, in a process that gets one `job` after another: between them it ends at once."""
    _between_jobs.set()
    end_with(parent)


@contextmanager
def job() -> Iterator[None]:
    """For a job of a process that gets several; no effect elsewhere."""
    several = _between_jobs.is_set()
    _between_jobs.clear()
    try:
        yield
    finally:
        if several:
            _between_jobs.set()


def wait_for(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a process; an error or signal meanwhile terminates it, and waits for its end."""
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
