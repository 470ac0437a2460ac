"""What a signal does to this process, by what the process is doing."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from reid_cosam import interruption
from reid_cosam.interruption import SIGNALS, Interrupted


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def finishing() -> Iterator[None]:
    """As the product's, but nothing is raised at its end."""
    with suppress(Interrupted), interruption.finishing("after this step"):
        yield


def receive(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0)  # a handler runs before the next line


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_process_at_once(number: int) -> None:
    interruption.handle()

    with pytest.raises(Interrupted) as ended:
        receive(number)

    assert ended.value.code == 128 + number
    assert ended.value.name == signal.Signals(number).name


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_remembered_while_something_is_finished(
    number: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with finishing():
        receive(number)
        receive(signal.SIGTERM)

        assert interruption.received() == number

    assert caplog.text.count("ending after this step") == 1


def test_what_nobody_has_looked_at_is_raised_at_the_end() -> None:
    with pytest.raises(Interrupted), interruption.finishing("after this step"):
        receive(signal.SIGTERM)


def test_a_finished_command_is_not_interrupted_but_what_would_begin_then() -> None:
    interruption.handle()
    interruption.end_in_any_case()
    receive(signal.SIGTERM)

    with pytest.raises(Interrupted):
        interruption.handle()
    interruption.handle()


def test_a_finished_command_ends_well_whatever_comes_while_python_ends() -> None:
    program = """
import os, signal
from reid_cosam import interruption

class Late:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGTERM) -> None:
        kill(pid, number)

interruption.handle()
late = Late()
interruption.end_in_any_case()
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_a_command_that_still_imports_ends_with_a_line() -> None:
    program = "import os, signal; from reid_cosam import interruption; interruption.handle_early()"
    program += "; os.kill(os.getpid(), signal.SIGINT)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (130, "interrupted by SIGINT\n")


def test_a_second_ctrl_c_ends_at_once() -> None:
    with finishing():
        receive(signal.SIGINT)
        with pytest.raises(Interrupted):
            receive(signal.SIGINT)


def test_a_process_that_only_waits_ends_at_once() -> None:
    with finishing(), pytest.raises(Interrupted), interruption.waiting():
        receive(signal.SIGTERM)


def test_a_process_does_not_begin_to_wait_once_it_was_asked_to_end() -> None:
    with finishing():
        receive(signal.SIGTERM)
        with pytest.raises(Interrupted), interruption.waiting():
            pytest.fail("waits")


def test_what_a_process_was_to_ignore_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    interruption.handle()

    receive(signal.SIGHUP)

    with finishing():
        receive(signal.SIGHUP)
        assert interruption.received() == 0


def test_what_never_finishes_is_given_up() -> None:
    program = """
import logging, os, signal
from reid_cosam import interruption
logging.basicConfig()
interruption._SECONDS_TO_END = 0.2
with interruption.finishing("after this step"):
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    signal.sigwait({signal.SIGUSR2})  # as a collective operation, whose other ranks are gone
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 143
    assert "did not end within" in done.stderr


def test_handlers_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    with finishing():
        pass

    assert [signal.getsignal(number) for number in SIGNALS] == before
