"""Processes that are to end with the one that started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

# A parent that starts a child, tells its number, and waits; the child does what comes after this.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""
CHILD = """
import signal, sys, time
from pathlib import Path
from reid_cosam import processes
{before}
processes.{begin}(int(sys.argv[1]))
Path("ready").touch()
{work}
"""
WAITS = "time.sleep(600)"
# A run that is interrupted ends when it can, and the process goes on to wait for the next one.
RECORDS = "signal.signal(signal.SIGTERM, lambda *_: Path('interrupted').touch())"
WORKS = """
with processes.job():
    while not Path("interrupted").exists():
        time.sleep(0.01)
    Path("ended").touch()
time.sleep(600)
"""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("begin", "before", "work", "left"),
    [
        ("end_with", "", WAITS, {"ready"}),
        ("wait_for_jobs", RECORDS, WAITS, {"ready"}),  # no job could be waited for
        ("wait_for_jobs", RECORDS, WORKS, {"ready", "interrupted", "ended"}),
    ],
    ids=["at work", "between jobs", "at a job"],
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(
    number: signal.Signals, begin: str, before: str, work: str, left: set[str], tmp_path: Path
) -> None:
    child = CHILD.format(begin=begin, before=before, work=work)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, child], cwd=tmp_path, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until((tmp_path / "ready").exists)
        parent.send_signal(number)

    wait_until(lambda: gone(pid))
    assert {path.name for path in tmp_path.iterdir()} == left


@pytest.mark.parametrize("begin", ["end_with", "wait_for_jobs"])
def test_a_child_ends_whose_parent_was_gone_before_it_asked(begin: str, tmp_path: Path) -> None:
    before = "while not Path('orphaned').exists(): time.sleep(0.01)"
    child = CHILD.format(begin=begin, before=before, work=WAITS)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, child], cwd=tmp_path, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    (tmp_path / "orphaned").touch()

    wait_until(lambda: gone(pid))


def test_a_child_lives_as_long_as_its_parent(tmp_path: Path) -> None:
    child = CHILD.format(begin="end_with", before="", work="time.sleep(1.5); Path('done').touch()")

    subprocess.run([sys.executable, "-c", child, str(os.getpid())], cwd=tmp_path, check=True)

    assert (tmp_path / "done").exists()
