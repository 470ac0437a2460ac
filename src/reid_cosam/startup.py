"""What a process that runs a command does before it imports anything else."""

import gc
import os
import sys

from reid_cosam import interruption


def start_process() -> None:
    """For a process that runs a command and nothing else: signals, OpenMP's threads, garbage collection."""
    interruption.handle_early()
    let_threads_sleep()
    # Imports leave a million objects that stay. Searching them for cycles took a tenth of the time that a
    # command needs to start and end: the oldest are searched a tenth as often.
    gc.set_threshold(*gc.get_threshold()[:2], 100)


def let_threads_sleep() -> None:
    """Lets OpenMP's threads sleep while they wait. torch reads the variables once, when it is imported.

    Threads that spin make a training step several times slower as soon as anything else (a data loader, a
    browser) runs on the same cores; sleeping at once costs a tenth of it. GNU's OpenMP, which goes by the
    number, spins for microseconds: nearly as fast, and as good a neighbour.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def is_command() -> bool:
    """Whether this process was started as `python -m reid_cosam.<verb>`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec is not None and spec.name.startswith("reid_cosam.")
