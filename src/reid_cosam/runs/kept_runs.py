"""Runs kept by what they are, so that a sweep may be killed and started again.

A kept run's folder tells its state: `metrics.json` when it is finished, `failure.json` when it failed, a lock
on `run.lock` while a process works on it, and `checkpoints/last.ckpt` where it would go on.
"""

import fcntl
import json
import os
import platform
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from reid_cosam.config import TrainSettings
from reid_cosam.config.identity import run_key
from reid_cosam.results.store import write_json

_POINTER, _FINISHED, _FAILED, _LOCK = "run.json", "metrics.json", "failure.json", "run.lock"
_PATIENCE_SECONDS = 0.5  # whoever only looks holds the lock for an instant


class FailedBefore(RuntimeError):
    """A kept run failed in an earlier sweep, and nobody asked to try it again."""


def folder_of(settings: TrainSettings, split: str, job: Path) -> Path:
    """Where a run writes: its job's folder or, with `runs` set, one named after what the run is.

    `split` is the hash of its tracklets: a data set of the same name may hold others. The job's folder then
    says in `run.json` where the run is.
    """
    if settings.runs is None:
        return job
    key = run_key(settings.model_dump(mode="json"), split)
    folder = kept_folder(settings, key)
    write_json(job / _POINTER, {"folder": str(folder), "key": key, "split": split})
    return folder


def kept_folder(settings: TrainSettings, key: str) -> Path:
    """The folder of a run under `settings.runs`."""
    return Path(settings.runs or "").absolute() / f"{settings.run_name}-{key}"


def is_finished(folder: Path) -> bool:
    """Whether a run is whole; `metrics.json` is the last file that it writes."""
    return (folder / _FINISHED).is_file()


def last_checkpoint(folder: Path) -> Path | None:
    """Where an interrupted run would go on."""
    path = folder / "checkpoints" / "last.ckpt"
    return path if path.is_file() else None


def failure(folder: Path) -> str | None:
    """The error that a run ended with, in one line; None where it did not fail."""
    path = folder / _FAILED
    if is_finished(folder) or not path.is_file():
        return None
    return str(json.loads(path.read_text())["error"])


def record_failure(folder: Path, error: Exception) -> None:
    """Writes `failure.json`. A rank's own error is the first, and stays."""
    if (folder / _FAILED).is_file():
        return
    content = {
        "error": str(error).partition("\n")[0] or type(error).__name__,
        "type": type(error).__name__,
        "traceback": "".join(traceback.format_exception(error)),
        "host": platform.node(),
        "time_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    write_json(folder / _FAILED, content)


def forget_failure(folder: Path, retry: bool) -> None:
    """Clears the way for another try.

    Raises:
        FailedBefore: the run failed before, and `retry` is false.
    """
    error = failure(folder)
    if error is not None and not retry:
        raise FailedBefore(f"{folder} failed before: {error}; retry_failed=true tries it again")
    (folder / _FAILED).unlink(missing_ok=True)


def going_on(settings: TrainSettings, folder: Path) -> TrainSettings:
    """The settings of a kept run from its last checkpoint on, if there is one."""
    last = last_checkpoint(folder)
    if settings.runs is None or settings.ckpt_path is not None or last is None:
        return settings
    return settings.model_copy(update={"ckpt_path": str(last)})


def set_curves_aside(folder: Path) -> None:
    """Keeps the curves of an interrupted run: the logger would begin the file anew."""
    curves = folder / "curves"
    if curves.is_dir():
        number = len(list(folder.glob("curves_before_*"))) + 1
        curves.rename(folder / f"curves_before_{number}")


# Open locks of this process. A forked data loader worker would keep its parent's lock after the parent is
# killed; the ranks of a distributed run are to keep it, as they train on (`launch.run_ranks`).
_held: set[int] = set()


def _let_go() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


def held_locks() -> tuple[int, ...]:
    """File descriptors that a process which works for this one is to inherit."""
    return tuple(_held)


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Yields whether the run is this process's alone; the system lets go when the process ends in any way."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    _held.add(descriptor)
    try:
        yield _lock(descriptor, time.monotonic() + _PATIENCE_SECONDS)
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _lock(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def is_running(folder: Path) -> bool:
    """Whether some process holds the run's lock."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def finished_runs(sweep: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and metrics of every finished job of a sweep, in the jobs' order, wherever runs are kept."""
    for job in jobs(sweep):
        pointer = job / _POINTER
        folder = Path(json.loads(pointer.read_text())["folder"]) if pointer.is_file() else job
        metrics = folder / _FINISHED
        if metrics.is_file():
            yield folder, json.loads(metrics.read_text())


def jobs(sweep: Path) -> list[Path]:
    """The folders of a sweep's jobs, in the jobs' order."""
    return sorted((path for path in sweep.iterdir() if path.is_dir()), key=_by_number)


def _by_number(path: Path) -> tuple[int, str]:
    return (int(path.name) if path.name.isdigit() else -1, path.name)
