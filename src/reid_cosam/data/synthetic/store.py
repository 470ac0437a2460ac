"""Finds a rendered data set or renders it: whole under its final name, or not there at all."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reid_cosam.data.synthetic.rendering import render
from reid_cosam.data.synthetic.sizes import SyntheticSpec
from reid_cosam.processes import wait_for
from reid_cosam.scratch import scratch_for

MAX_PROCESSES = 8


def ensure(root: Path, spec: SyntheticSpec, processes: int | None = None) -> Path:
    """The data set's folder `<root>/synthetic-<name>-<hash>`, rendered first if missing.

    `processes` defaults to one a core, at most 8; the images do not depend on it. Several callers may race:
    each gets the same folder, and those on one machine wait for the first of them.

    Raises:
        RuntimeError: the rendering processes failed.
    """
    folder = root / spec.folder_name
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with _alone(spec):
        if not folder.is_dir():  # whoever came first may have rendered it
            _render_whole(folder, spec, processes or min(os.cpu_count() or 1, MAX_PROCESSES))
    return folder


@contextmanager
def _alone(spec: SyntheticSpec) -> Iterator[None]:
    """Waits until no other process of this user renders the data set on this machine.

    The lock is a local file: a network file system may know no locks. The system lets go of it when the
    process ends in any way.
    """
    name = f"reid_cosam_{os.getuid()}_{spec.folder_name}.lock"
    with Path(tempfile.gettempdir(), name).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process, which renders synthetic {spec.name}", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _render_whole(folder: Path, spec: SyntheticSpec, processes: int) -> None:
    with scratch_for(folder) as staged:
        _render(staged, spec, processes)
        try:
            staged.rename(folder)
        except OSError:
            # Another machine was faster: its folder holds the same bytes.
            if not folder.is_dir():
                raise


def _render(folder: Path, spec: SyntheticSpec, processes: int) -> None:
    if processes == 1:
        render(folder, spec, processes)
        return
    # A pool of this process would import its main module, with torch, in every worker, and demand a main
    # guard of every script; a fork could hang on torch's threads. A fresh interpreter has neither trouble.
    program = "from reid_cosam.data.synthetic.rendering import main; main()"
    values = [str(folder.resolve()), json.dumps(spec.record()), str(processes), str(os.getpid())]
    if wait_for(subprocess.Popen([sys.executable, "-c", program, *values])):
        raise RuntimeError(f"rendering synthetic {spec.name} failed; the cause is printed above")
