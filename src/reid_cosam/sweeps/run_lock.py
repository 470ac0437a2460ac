"""Locks by which one process at a time works on a run; the system releases them however the process ends.

`run.lock` belongs to the process that started the run. `ranks.lock` belongs to that process and its ranks,
which live on for some seconds after it was killed to write their checkpoint: the next process waits for them.
"""

import errno
import fcntl
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RUN, _RANKS = "run.lock", "ranks.lock"
_PATIENCE_SECONDS = 0.5  # `is_running` locks a file for an instant
_SECONDS_FOR_RANKS = 180.0  # `launch.py` gives them 120 to end

_log = logging.getLogger(__name__)

# Open lock files of this process. A forked data loader worker would keep its parent's locks after the parent
# is killed; ranks inherit `ranks.lock` on purpose, as they train on (`launch.run_ranks`).
_open_locks: set[int] = set()
_rank_locks: set[int] = set()


def _release_in_child() -> None:
    for descriptor in _open_locks:
        os.close(descriptor)
    _open_locks.clear()
    _rank_locks.clear()


os.register_at_fork(after_in_child=_release_in_child)


def inherited_locks() -> tuple[int, ...]:
    """File descriptors that the ranks of this process are to inherit."""
    return tuple(_rank_locks)


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Yields whether this process alone may work on the run.

    Raises:
        OSError: ranks of a process that has ended still work on the run, and do not end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _open(folder / _RUN) as run, _open(folder / _RANKS) as ranks:
        if not _lock(run, folder / _RUN, _PATIENCE_SECONDS):
            yield False
            return
        if not _lock(ranks, folder / _RANKS, _PATIENCE_SECONDS):
            _log.info("waiting for processes of an earlier command, which end their work in %s", folder)
            if not _lock(ranks, folder / _RANKS, _SECONDS_FOR_RANKS):
                raise OSError(
                    f"processes whose command was killed still work in {folder}: end them "
                    f"(fuser {folder / _RANKS} names them), and start again"
                )
        _rank_locks.add(ranks)
        try:
            yield True
        finally:
            _rank_locks.discard(ranks)


def is_running(folder: Path) -> bool:
    """Whether some process works on the run."""
    for path in (folder / _RUN, folder / _RANKS):
        if path.is_file():
            with _open(path, os.O_RDONLY) as descriptor:
                if not _lock(descriptor, path, 0.0, fcntl.LOCK_SH):
                    return True
    return False


@contextmanager
def _open(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o666)
    _open_locks.add(descriptor)
    try:
        yield descriptor
    finally:
        if descriptor in _open_locks:
            _open_locks.discard(descriptor)
            os.close(descriptor)


def _lock(descriptor: int, path: Path, seconds: float, kind: int = fcntl.LOCK_EX) -> bool:
    """Tries for so many seconds; whether this process has the lock now."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
            _lock_local_file_instead(descriptor, path)
        else:
            return True


def _lock_local_file_instead(descriptor: int, path: Path) -> None:
    """Makes `descriptor` that of a file on this machine, named after `path`, whose file system has no locks.

    Raises:
        OSError: the local file cannot be locked either.
    """
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]
    local = Path(tempfile.gettempdir(), f"reid_cosam_{os.getuid()}_{name}.lock")
    if local.exists() and os.path.samestat(os.fstat(descriptor), local.stat()):
        raise OSError(f"neither {path} nor {local} can be locked: choose another folder with registry=...")
    _log.warning(
        "%s: its file system has no locks, so %s is locked instead: start a sweep over this folder on one "
        "machine only",
        path,
        local,
    )
    opened = os.open(local, os.O_RDWR | os.O_CREAT, 0o666)
    os.dup2(opened, descriptor, inheritable=False)
    os.close(opened)
