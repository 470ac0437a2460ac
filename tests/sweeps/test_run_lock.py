"""Two processes never work on one run."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reid_cosam.sweeps import run_lock

CLAIM = """
import os, signal, subprocess, sys, time
from pathlib import Path
from reid_cosam.sweeps import run_lock
with run_lock.claimed(Path(sys.argv[1])) as ours:
    worker = os.fork() if "fork" in sys.argv else None
    if worker == 0:
        time.sleep(60)
    rank = None
    if "ranks" in sys.argv:  # lives on, and ends a second after a signal
        program = "import signal, time; signal.sigwait({signal.SIGUSR1}); time.sleep(1)"
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        rank = subprocess.Popen([sys.executable, "-c", program], pass_fds=run_lock.inherited_locks()).pid
    print(ours, worker, rank, flush=True)
    time.sleep(60)
"""


@contextmanager
def other_process(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Another process that claims the run, and what it says of it."""
    command = [sys.executable, "-c", CLAIM, str(folder), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


def test_a_run_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    with other_process(tmp_path / "run") as (_, said):
        assert said[0] == "True"
        assert run_lock.is_running(tmp_path / "run")
        with run_lock.claimed(tmp_path / "run") as ours:
            assert not ours


def test_a_killed_process_lets_go_though_its_workers_live_on(tmp_path: Path) -> None:
    with other_process(tmp_path, "fork") as (process, said):
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(int(said[1]), 0)  # the forked one is there

        with run_lock.claimed(tmp_path) as ours:
            assert ours
        os.kill(int(said[1]), signal.SIGKILL)


def test_what_inherits_the_lock_keeps_it(tmp_path: Path) -> None:
    with run_lock.claimed(tmp_path):
        heir = subprocess.Popen(["sleep", "60"], pass_fds=run_lock.inherited_locks())
    try:
        assert run_lock.is_running(tmp_path)
    finally:
        heir.kill()
        heir.wait()
    assert not run_lock.is_running(tmp_path)


def test_a_look_at_a_run_does_not_keep_anyone_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_lock.claimed(tmp_path) as ours:
        assert ours
    looking = (tmp_path / "run.lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: looking.close())

    with run_lock.claimed(tmp_path) as ours:
        assert ours


def test_whoever_takes_over_waits_for_the_ranks_of_a_killed_process(tmp_path: Path) -> None:
    with other_process(tmp_path, "ranks") as (process, said):
        process.send_signal(signal.SIGKILL)
        process.wait()
        rank = int(said[2])
        assert run_lock.is_running(tmp_path)
        os.kill(rank, signal.SIGUSR1)  # from now on it ends within a second
        began = time.monotonic()

        with run_lock.claimed(tmp_path) as ours:
            assert ours
            assert time.monotonic() - began > 0.5


def test_ranks_that_do_not_end_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "_SECONDS_FOR_RANKS", 0.1)
    with (tmp_path / "ranks.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        with pytest.raises(OSError, match=r"still work in .*fuser .*ranks\.lock"), run_lock.claimed(tmp_path):
            pytest.fail("claimed")


def test_a_file_system_without_locks_is_replaced_by_a_file_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run, local = tmp_path / "run", tmp_path / "local"
    local.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(local))
    lock = fcntl.flock

    def refuse(descriptor: int, kind: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().parent == run:
            raise OSError(errno.ENOLCK, "No locks available")
        lock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", refuse)

    with run_lock.claimed(run) as first:
        assert run_lock.is_running(run)
        with run_lock.claimed(run) as second:
            assert (first, second) == (True, False)
    with run_lock.claimed(run) as third:
        assert third

    assert f"{run / 'run.lock'}: its file system has no locks" in caplog.text
