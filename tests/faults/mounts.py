"""Commands that see other disks than the rest of the machine: small ones, full ones, read-only ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def _may_mount() -> bool:
    unshare = shutil.which("unshare")
    tried = [str(unshare), "-m", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/dev/shm"]
    return unshare is not None and not subprocess.run(tried, capture_output=True, check=False).returncode


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="only root may mount, and not in every container")


def finished_with(before: str, verb: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m reid_cosam.<verb>` in `folder` after the shell commands `before`; their mounts are its own.

    Its output is also written to `folder/said`.
    """
    script = f'set -e\n{before}\n"$@" | tee said'
    command = (sys.executable, "-um", f"reid_cosam.{verb}", *arguments)
    return subprocess.run(
        ["unshare", "-m", "bash", "-o", "pipefail", "-c", script, "bash", *command],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
