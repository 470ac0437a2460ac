"""Folders that are whole under their final name, or not there at all."""

import fcntl
import glob
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STALE_SECONDS = 24 * 3600


@contextmanager
def scratch_for(folder: Path) -> Iterator[Path]:
    """Yields an empty folder beside `folder`, to be filled and renamed to it; what stays is removed.

    So it is when a signal raises `Interrupted`. Leftovers of killed processes are removed first.
    """
    for path in folder.parent.glob(f".{glob.escape(folder.name)}-*"):
        if any(path.glob("reid_cosam-*.lock")) and _is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch,
        _lock_of(Path(scratch)).open("wb") as lock,
    ):
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        staged = Path(scratch, "data")
        staged.mkdir()
        yield staged


def _lock_of(scratch: Path) -> Path:
    """The file that its owner locks; another machine may not see the lock, so its name is another."""
    return scratch / f"reid_cosam-{platform.node()}.lock"


def _is_abandoned(scratch: Path) -> bool:
    """Whether no process works in it any more; without locks, whether it is a day old."""
    try:
        with _lock_of(scratch).open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except OSError:  # of another machine, or on a file system without locks
        with suppress(FileNotFoundError):
            return time.time() - scratch.stat().st_mtime > STALE_SECONDS
        return False
