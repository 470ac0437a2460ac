"""Folders that are whole under their final name, or not there at all."""

import fcntl
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STALE_SECONDS = 24 * 3600
_LOCKS = "reid_cosam-*.lock"


@contextmanager
def scratch_for(folder: Path) -> Iterator[Path]:
    """Yields an empty folder beside `folder`, to be filled and renamed to it; whatever stays is removed.

    So it is when a signal raises `Interrupted`. What killed processes left beside `folder` is removed first.
    """
    _remove_leftovers(folder)
    with (
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch,
        _lock_in(Path(scratch)).open("wb") as lock,
    ):
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        staged = Path(scratch, "data")
        staged.mkdir()
        yield staged


def _lock_in(scratch: Path) -> Path:
    """The file that its owner holds locked; another machine may not see that, so that it has another name."""
    return scratch / _LOCKS.replace("*", platform.node())


def _remove_leftovers(folder: Path) -> None:
    for path in folder.parent.iterdir():
        if path.name.startswith(f".{folder.name}-") and any(path.glob(_LOCKS)) and _is_left(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_left(scratch: Path) -> bool:
    """Whether nobody works in it any more; where that cannot be seen, whether it is a day old."""
    try:
        with _lock_in(scratch).open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except OSError:  # of another machine, or on a file system without locks
        with suppress(FileNotFoundError):
            return time.time() - scratch.stat().st_mtime > STALE_SECONDS
        return False
