"""One process works on a kept run at a time; the system lets go of its locks when it ends in any way.

Two locks tell who works on a run. `run.lock` belongs to the process that started it. `ranks.lock` belongs to
that process and to the ranks that it started, which live on for some seconds after it was killed, to write
their checkpoint: whoever takes the run over waits for them.
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
_PATIENCE_SECONDS = 0.5  # whoever only looks holds a lock for an instant
_SECONDS_FOR_RANKS = 180.0  # `launch.py` gives them 120 to end

_log = logging.getLogger(__name__)

# Open locks of this process. A forked data loader worker would keep its parent's lock after the parent is
# killed; the ranks of a distributed run are to keep theirs, as they train on (`launch.run_ranks`).
_held: set[int] = set()
_shared: set[int] = set()


def _release_in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()
    _shared.clear()


os.register_at_fork(after_in_child=_release_in_child)


def inherited_locks() -> tuple[int, ...]:
    """File descriptors that a process which works for this one is to inherit."""
    return tuple(_shared)


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Yields whether the run is this process's alone.

    Raises:
        OSError: ranks of a process that is gone still work on the run, and do not end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _open(folder / _RUN) as run:
        if not _lock(run, folder / _RUN, _PATIENCE_SECONDS):
            yield False
            return
        with _open(folder / _RANKS) as ranks:
            _wait_for_ranks(ranks, folder)
            _shared.add(ranks)
            try:
                yield True
            finally:
                _shared.discard(ranks)


def _wait_for_ranks(descriptor: int, folder: Path) -> None:
    if _lock(descriptor, folder / _RANKS, _PATIENCE_SECONDS):
        return
    _log.info("waiting for processes of an earlier command, which end their work in %s", folder)
    if not _lock(descriptor, folder / _RANKS, _SECONDS_FOR_RANKS):
        raise OSError(
            f"processes whose command was killed still work in {folder}: end them (fuser {folder / _RANKS} "
            "names them), and start again"
        )


def is_running(folder: Path) -> bool:
    """Whether some process works on the run."""
    return any(_is_locked(folder / name) for name in (_RUN, _RANKS))


def _is_locked(path: Path) -> bool:
    if not path.is_file():
        return False
    with _open(path, os.O_RDONLY) as descriptor:
        return not _lock(descriptor, path, 0.0, fcntl.LOCK_SH)


@contextmanager
def _open(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o666)
    _held.add(descriptor)
    try:
        yield descriptor
    finally:
        if descriptor in _held:
            _held.discard(descriptor)
            os.close(descriptor)


def _lock(descriptor: int, path: Path, seconds: float, kind: int = fcntl.LOCK_EX) -> bool:
    """Tries for so long; whether this process has the lock now."""
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
            _lock_elsewhere(descriptor, path)
        else:
            return True


def _lock_elsewhere(descriptor: int, path: Path) -> None:
    """Makes `descriptor` that of a file of this machine which stands for `path`.

    Raises:
        OSError: that cannot be locked either; names it.
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
