"""Attempts at a registered run: one process at a time, from the newest checkpoint on, until it is finished.

A wrong setting fails again however often it is tried. A full disk, a killed rank or a data set that could not
be reached may not: the next sweep tries such a run again by itself, up to `MAX_ATTEMPTS` times.
"""

import logging
import platform
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel

from reid_cosam.build.trust import modules_of
from reid_cosam.data.frames import BrokenFrame
from reid_cosam.distributed import launch
from reid_cosam.interruption import Interrupted
from reid_cosam.results.store import read_record, write_record
from reid_cosam.settings import TrainSettings
from reid_cosam.sweeps import registry, run_lock
from reid_cosam.sweeps.sweep import Outcome
from reid_cosam.training.checkpoint_files import LAST, Damaged, iterations_in, newest_checkpoint
from reid_cosam.training.origin import Origin
from reid_cosam.training.resuming import NotResumable

MAX_ATTEMPTS = 3  # at the same iteration
_FAILED, _FAILED_BEFORE = "failure.json", "failure_before.json"
_OF_THE_MACHINE = (OSError, RuntimeError, MemoryError, EOFError, BrokenFrame)

_log = logging.getLogger(__name__)


class FailedBefore(RuntimeError):
    """A registered run failed in an earlier sweep, and is not tried again by itself."""


class Failure(BaseModel):
    """The content of `failure.json`: the error in one line, and how far the run's last checkpoint was."""

    error: str
    type: str = ""
    of_the_machine: bool = False
    attempts: int = 1
    iterations: int = -1
    traceback: str = ""
    host: str = ""
    time_utc: str = ""


def run_once(
    settings: TrainSettings,
    origin: Origin,
    folder: Path,
    retry_failed: bool,
    work: Callable[[TrainSettings], None],
) -> Outcome:
    """Calls `work` for the run in `folder` unless the registry has it finished; without a registry always.

    Raises:
        FailedBefore: the run failed in an earlier sweep, and `retry_failed` is false.
        ValueError: the run is finished, but does not have the scores that are asked for.
    """
    if settings.registry is None:
        work(settings)
    elif launch.is_launched():  # by a command that has the lock
        _attempt(settings, folder, work)
    else:
        first = launch.is_first_rank()  # which has the lock; all ranks end together
        with run_lock.claimed(folder) if first else nullcontext(True) as ours:
            metrics = registry.finished_metrics(folder)
            if metrics is not None:
                registry.check_as_asked(metrics, settings, origin.images, folder)
                if first:
                    _log.info("finished before, not repeated: %s", folder)
                return "finished before"
            if not ours:
                _log.warning("another process works on %s: start again when it has ended", folder)
                return "running elsewhere"
            if first:
                prepare_attempt(folder, retry_failed)
            _attempt(settings, folder, work)
            if first:
                forget_failures(folder)
    return "trained"


def _attempt(settings: TrainSettings, folder: Path, work: Callable[[TrainSettings], None]) -> None:
    """Resumes from the newest checkpoint, if there is one; records an error in the run's folder."""
    try:
        newest = newest_checkpoint(folder / "checkpoints")
        work(settings if newest is None else settings.model_copy(update={"ckpt_path": str(newest)}))
    except Exception as error:
        record_failure(folder, error, iterations_in(folder / "checkpoints"))
        raise


def run_ranks(settings: TrainSettings, command_folder: Path, folder: Path) -> None:
    """Trains the run in `folder` by one process per device; raises RuntimeError where one fails."""
    try:
        launch.run_ranks(
            "reid_cosam.train",
            command_folder,
            settings.trainer.devices,
            run_lock.inherited_locks(),
            trust=modules_of(settings.model_dump()),
        )
    except RuntimeError as error:
        raise RuntimeError(f"{error}; {how_to_resume(settings, folder)}") from None


@contextmanager
def resumable(settings: TrainSettings, folder: Path) -> Iterator[None]:
    """Within, an interruption is reported together with the way to resume the run in `folder`."""
    try:
        yield
    except Interrupted as signal:
        if launch.is_first_rank() and not launch.is_launched():
            _log.warning("interrupted by %s: %s", signal.name, how_to_resume(settings, folder))
        signal.explained = True
        raise


def how_to_resume(settings: TrainSettings, folder: Path) -> str:
    """How the interrupted run in `folder` is resumed, as a clause of a message."""
    done, last = iterations_in(folder / "checkpoints"), folder / "checkpoints" / LAST
    if not done:
        return "no checkpoint was written yet; the same command starts from the beginning"
    progress = f"{done} of {settings.trainer.max_steps} iterations are done"
    if settings.registry is not None:
        return f"{progress}; the same command resumes from {last}"
    return f"{progress}; to resume, add ckpt_path={last} to the same command"


def failure(folder: Path, file: str = _FAILED) -> Failure | None:
    """The failure that a run ended with; None where it did not fail.

    A damaged file counts as a failure of the machine, as a full disk damages it.
    """
    try:
        return Failure.model_validate(read_record(folder / file))
    except FileNotFoundError:
        return None
    except ValueError:
        return Failure(error=f"{folder / file} is damaged", of_the_machine=True)


def record_failure(folder: Path, error: Exception, iterations: int) -> None:
    """Writes `failure.json`, unless a rank has written its own error before, or a checkpoint was refused.

    Args:
        iterations: of the run's last checkpoint.
    """
    if (folder / _FAILED).is_file() or isinstance(error, (NotResumable, Damaged)):
        return
    before = failure(folder, _FAILED_BEFORE)
    record = Failure(
        error=str(error).partition("\n")[0] or type(error).__name__,
        type=type(error).__name__,
        of_the_machine=isinstance(error, _OF_THE_MACHINE),
        attempts=before.attempts + 1 if before is not None and before.iterations == iterations else 1,
        iterations=iterations,
        traceback="".join(traceback.format_exception(error)),
        host=platform.node(),
        time_utc=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    write_record(folder / _FAILED, record.model_dump())


def prepare_attempt(folder: Path, retry: bool) -> None:
    """Removes `failure.json` for another attempt; the number of attempts so far is kept.

    Raises:
        FailedBefore: the settings caused the failure, or the machine did too often, and `retry` is false.
    """
    failed = failure(folder)
    if retry:
        forget_failures(folder)
    elif failed is not None:
        remedy = f"{failed.error}; retry_failed=true tries it again"
        if not failed.of_the_machine:
            raise FailedBefore(f"{folder} failed before: {remedy}")
        if failed.attempts >= MAX_ATTEMPTS:
            raise FailedBefore(f"{folder} failed {failed.attempts} times at the same iteration: {remedy}")
        _log.info("failed before, attempt %d of %d: %s", failed.attempts + 1, MAX_ATTEMPTS, failed.error)
        (folder / _FAILED).replace(folder / _FAILED_BEFORE)


def forget_failures(folder: Path) -> None:
    for name in (_FAILED, _FAILED_BEFORE):
        (folder / name).unlink(missing_ok=True)
