"""Signals that ask a process to end, and what they do while it trains.

SIGTERM comes from cluster managers, SIGINT from Ctrl-C, SIGHUP from a closed terminal, SIGUSR1 and SIGXCPU
from batch systems shortly before a time limit. Each of them ends a process in status 128 + signal. Outside of
training that happens at once. Training first ends its iteration and writes its checkpoint
(`training/stopping.py`).
"""

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU)

# For an iteration, or a batch of an evaluation. Most senders of a signal kill after some time as well.
_SECONDS_TO_END = 100.0

_log = logging.getLogger(__name__)


class Interrupted(SystemExit):
    """A signal asked this process to end.

    Attributes:
        name: of the signal, such as `SIGTERM`.
        explained: a message for the user has named what was interrupted.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.name = signal.Signals(number).name
        self.explained = False


class _State:
    """Of this process: signals concern a process as a whole."""

    received = 0  # the number of the signal that came first; 0 while none did
    finishing = ""  # the point until which the process finishes first, in words; empty for none
    done = False  # the work is complete, and the process ends in any case
    waiting = False  # nothing is under way: the process waits for its next batch
    watchdog: threading.Timer | None = None


_state = _State()


def received() -> int:
    """The number of the signal that asked this process to end, or 0."""
    return _state.received


def record(number: int) -> None:
    """Records a signal that another process of this run received."""
    _state.received = _state.received or number


def handle() -> None:
    """From now on each of `SIGNALS` raises `Interrupted`, except those that this process was to ignore.

    Raises:
        Interrupted: a signal came after `end_in_any_case`, and now something else is to begin.
    """
    late, _state.done = _state.done and _state.received, False
    _handle_by(_on_signal)
    if late:
        raise Interrupted(late)


def handle_early() -> None:
    """As `handle`, while a command still imports its modules: the handler itself prints and exits."""
    _handle_by(_end_early)


def end_in_any_case() -> None:
    """From now on signals are only recorded: the work is done, and the exit status must not deny it."""
    _state.done = True
    atexit.unregister(_ignore)
    atexit.register(_ignore)  # Python restores the system's handlers before it has ended


def _ignore() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _handle_by(handler: Callable[[int, FrameType | None], None]) -> None:
    if threading.current_thread() is not threading.main_thread():  # no other one may
        return
    _state.received = 0
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup does
            signal.signal(number, handler)


def _end_early(number: int, _frame: FrameType | None) -> None:
    os.write(2, f"interrupted by {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)  # a module that is half imported might swallow an exception


def _on_signal(number: int, _frame: FrameType | None) -> None:
    again, _state.received = bool(_state.received), _state.received or number
    if _state.done:
        return
    if not _state.finishing or _state.waiting:
        raise Interrupted(_state.received)
    if not again:
        _log.info("%s: ending %s", signal.Signals(number).name, _state.finishing)
        _state.watchdog = threading.Timer(_SECONDS_TO_END, _give_up, [number])
        _state.watchdog.daemon = True
        _state.watchdog.start()
    elif number == signal.SIGINT:
        raise Interrupted(_state.received)


def _give_up(number: int) -> None:
    _log.error(
        "the run did not end within %.0f s and was stopped. An earlier checkpoint is unchanged",
        _SECONDS_TO_END,
    )
    os._exit(128 + number)  # the main thread may wait for ever


@contextmanager
def finishing(end: str) -> Iterator[None]:
    """Within, a signal is recorded, for `received`; the code within ends where it can, which `end` names.

    It has 100 seconds. A second Ctrl-C raises `Interrupted` at once.

    Raises:
        Interrupted: a signal came, and the code within has ended without checking for it.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    _handle_by(_on_signal)
    _state.finishing = end
    try:
        yield
        _state.finishing = ""  # from here on a signal raises
        if _state.received:
            raise Interrupted(_state.received)
    finally:
        _state.received, _state.finishing = 0, ""
        if _state.watchdog is not None:
            _state.watchdog.cancel()
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def waiting() -> Iterator[None]:
    """Within, a signal raises `Interrupted` at once: the process only waits, perhaps for ever."""
    if _state.received:
        raise Interrupted(_state.received)
    _state.waiting = True
    try:
        yield
    finally:
        _state.waiting = False
