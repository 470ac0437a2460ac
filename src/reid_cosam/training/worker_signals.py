"""Signals and the processes that read data.

What tells a run to stop mostly reaches its workers too: torchrun, `timeout` and a terminal send signals to
the run's process group, Slurm to all processes. Without its workers the run could not end its iteration and
write its checkpoint. So from their beginning they leave signals to the run, and end when it says so.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reid_cosam.interruption import SIGNALS


@contextmanager
def held() -> Iterator[None]:
    """Workers that are started within get no signal before they have called `leave_signals_to_the_run`.

    This process gets afterwards what came meanwhile.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_signals_to_the_run(worker: int) -> None:  # noqa: ARG001, of the interface
    """For a worker to call first: a SIGTERM from the run itself ends it, without an error, and nothing else.

    The run sends one when it goes, as torch's own handler knows as well. macOS does not tell who sent a
    signal; there SIGTERM ends workers, as torch has it.
    """
    for number in SIGNALS:
        if number != signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM})
        threading.Thread(target=_end_when_the_run_says_so, daemon=True).start()
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _end_when_the_run_says_so() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
