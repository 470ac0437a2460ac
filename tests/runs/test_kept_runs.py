"""What a kept run's folder tells of it, and that two processes never work on one."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reid_cosam.results.store import write_json
from reid_cosam.runs import kept_runs

CLAIM = """
import os, sys, time
from pathlib import Path
from reid_cosam.runs import kept_runs
with kept_runs.claimed(Path(sys.argv[1])) as ours:
    worker = os.fork() if "fork" in sys.argv else None
    if worker == 0:
        time.sleep(60)
    print(ours, worker, flush=True)
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
        assert kept_runs.is_running(tmp_path / "run")
        with kept_runs.claimed(tmp_path / "run") as ours:
            assert not ours


def test_a_killed_process_lets_go_though_its_workers_live_on(tmp_path: Path) -> None:
    with other_process(tmp_path, "fork") as (process, said):
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(int(said[1]), 0)  # the forked one is there

        with kept_runs.claimed(tmp_path) as ours:
            assert ours
        os.kill(int(said[1]), signal.SIGKILL)


def test_what_inherits_the_lock_keeps_it(tmp_path: Path) -> None:
    with kept_runs.claimed(tmp_path):
        heir = subprocess.Popen(["sleep", "60"], pass_fds=kept_runs.held_locks())
    try:
        assert kept_runs.is_running(tmp_path)
    finally:
        heir.kill()
        heir.wait()
    assert not kept_runs.is_running(tmp_path)


def test_a_look_at_a_run_does_not_keep_anyone_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_runs.claimed(tmp_path) as ours:
        assert ours
    looking = (tmp_path / "run.lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: looking.close())

    with kept_runs.claimed(tmp_path) as ours:
        assert ours


def test_a_failure_keeps_its_first_error(tmp_path: Path) -> None:
    kept_runs.record_failure(tmp_path, ValueError("of the rank\nand more"))
    kept_runs.record_failure(tmp_path, RuntimeError("a rank failed"))

    assert kept_runs.failure(tmp_path) == "of the rank"
    assert json.loads((tmp_path / "failure.json").read_text())["type"] == "ValueError"


def test_a_failure_is_forgotten_on_request_only(tmp_path: Path) -> None:
    kept_runs.record_failure(tmp_path, KeyError())

    with pytest.raises(kept_runs.FailedBefore, match=r"failed before: KeyError; retry_failed=true"):
        kept_runs.forget_failure(tmp_path, retry=False)
    kept_runs.forget_failure(tmp_path, retry=True)

    assert kept_runs.failure(tmp_path) is None
    kept_runs.forget_failure(tmp_path, retry=False)


def test_a_finished_run_did_not_fail(tmp_path: Path) -> None:
    kept_runs.record_failure(tmp_path, ValueError("before"))
    write_json(tmp_path / "metrics.json", {})

    assert kept_runs.failure(tmp_path) is None
    assert kept_runs.is_finished(tmp_path)


def test_curves_are_set_aside_one_by_one(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "curves").mkdir()
        kept_runs.set_curves_aside(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"curves_before_1", "curves_before_2"}
