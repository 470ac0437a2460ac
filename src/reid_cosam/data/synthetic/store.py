"""Finds a rendered data set or renders it: whole under its final name, or not there at all."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reid_cosam.data.synthetic.rendering import render
from reid_cosam.data.synthetic.sizes import SyntheticSpec

MAX_PROCESSES = 8
STALE_SECONDS = 24 * 3600


def ensure(root: Path, spec: SyntheticSpec, processes: int | None = None) -> Path:
    """The data set's folder `<root>/synthetic-<name>-<hash>`, rendered first if missing.

    `processes` defaults to one a core, at most 8; the images do not depend on it. Several callers may race:
    each gets the same folder.

    Raises:
        RuntimeError: the rendering processes failed.
    """
    folder = root / spec.folder_name
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    _remove_stale(root, folder.name)
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{folder.name}-") as scratch:
        staged = Path(scratch) / "data"
        staged.mkdir()
        _render(staged, spec, processes or min(os.cpu_count() or 1, MAX_PROCESSES))
        try:
            staged.rename(folder)
        except OSError:
            # Another process was faster: its folder holds the same bytes.
            if not folder.is_dir():
                raise
    return folder


def _remove_stale(root: Path, name: str) -> None:
    """Removes what a killed render left; a day's grace spares those still at work."""
    for leftover in root.glob(f".{name}-*"):
        if time.time() - leftover.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)


def _render(folder: Path, spec: SyntheticSpec, processes: int) -> None:
    if processes == 1:
        render(folder, spec, processes)
        return
    # A pool of this process would import its main module, with torch, in every worker, and demand a main
    # guard of every script; a fork could hang on torch's threads. A fresh interpreter has neither trouble.
    program = "from reid_cosam.data.synthetic.rendering import main; main()"
    values = [str(folder.resolve()), json.dumps(spec.record()), str(processes)]
    if subprocess.run([sys.executable, "-c", program, *values], check=False).returncode:
        raise RuntimeError(f"rendering synthetic {spec.name} failed; the cause is printed above")
