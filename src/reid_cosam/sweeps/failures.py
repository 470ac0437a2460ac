"""What a kept run failed of, and whether it is tried again.

A wrong setting fails again however often it is tried. A full disk, a killed rank or a data set that was away
for a moment may not: the next sweep tries such a run again by itself, a number of times.
"""

import logging
import platform
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from reid_cosam.data.frames import BrokenFrame
from reid_cosam.results.store import read_record, write_record
from reid_cosam.training.checkpoint_files import Damaged
from reid_cosam.training.resuming import NotResumable

MAX_ATTEMPTS = 3  # without an iteration more
_FAILED, _BEFORE = "failure.json", "failure_before.json"
_OF_THE_MACHINE = (OSError, RuntimeError, MemoryError, EOFError, BrokenFrame)

_log = logging.getLogger(__name__)


class FailedBefore(RuntimeError):
    """A kept run failed in an earlier sweep, and is not tried again by itself."""


def failure(folder: Path) -> str | None:
    """The error that a run ended with, in one line; None where it did not fail."""
    record = _read(folder / _FAILED)
    return None if record is None else str(record["error"])


def record_failure(folder: Path, error: Exception, iterations: int) -> None:
    """Writes `failure.json`. A rank's own error is the first, and stays; a refusal to go on is no failure.

    Args:
        iterations: how far the run's last checkpoint is.
    """
    if (folder / _FAILED).is_file() or isinstance(error, (NotResumable, Damaged)):
        return
    before = _read(folder / _BEFORE)
    goes_on = before is not None and before.get("iterations") == iterations
    content = {
        "error": str(error).partition("\n")[0] or type(error).__name__,
        "type": type(error).__name__,
        "of_the_machine": isinstance(error, _OF_THE_MACHINE),
        "attempts": int(before["attempts"]) + 1 if before is not None and goes_on else 1,
        "iterations": iterations,
        "traceback": "".join(traceback.format_exception(error)),
        "host": platform.node(),
        "time_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    write_record(folder / _FAILED, content)


def prepare_attempt(folder: Path, retry: bool) -> None:
    """Clears the way for another try.

    Raises:
        FailedBefore: the run failed of its settings, or of the machine too often, and `retry` is false.
    """
    record = _read(folder / _FAILED)
    if retry:
        (folder / _BEFORE).unlink(missing_ok=True)
    elif record is not None:
        error, attempts = record["error"], int(record.get("attempts", 1))
        if not record.get("of_the_machine", False):
            raise FailedBefore(f"{folder} failed before: {error}; retry_failed=true tries it again")
        if attempts >= MAX_ATTEMPTS:
            raise FailedBefore(
                f"{folder} failed {attempts} times at the same iteration: {error}; "
                "retry_failed=true tries it again"
            )
        _log.info("failed before, tried again (%d of %d): %s", attempts + 1, MAX_ATTEMPTS, error)
        (folder / _FAILED).replace(folder / _BEFORE)
    (folder / _FAILED).unlink(missing_ok=True)


def forget_failures(folder: Path) -> None:
    """For a run that ended well."""
    for name in (_FAILED, _BEFORE):
        (folder / name).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    """What a file records; a damaged one stands for a failure of the machine, as a full disk leaves it."""
    try:
        record = read_record(path)
        counts = {name: int(record.get(name, 1)) for name in ("attempts", "iterations")}
        return record | counts | {"error": str(record["error"])}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        return {"error": str(error), "of_the_machine": True, "attempts": 1}
