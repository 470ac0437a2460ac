"""A record of what made a run: versions, machine, state of the code."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import torch

import reid_cosam

GIT_TIMEOUT_SECONDS = 10


def environment() -> dict[str, object]:
    """What a run was made with: versions, machine, state of the code, command line, time in UTC."""
    return {
        "command": list(sys.argv),
        "cpu": {"name": _cpu_name(), "cores": os.cpu_count()},
        "git": git_state(Path(reid_cosam.__file__).parent),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "packages": _dependency_versions(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "time_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "version": reid_cosam.__version__,
    }


def _dependency_versions() -> dict[str, str | None] | None:
    try:
        requirements = metadata.requires("reid-cosam") or []
    except metadata.PackageNotFoundError:  # run from a plain source folder, never installed
        return None
    versions: dict[str, str | None] = {}
    for requirement in requirements:
        if "extra ==" not in requirement:
            name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
            versions[name] = None
            with suppress(metadata.PackageNotFoundError):
                versions[name] = metadata.version(name)
    return versions


def _cpu_name() -> str:
    with suppress(FileNotFoundError):
        found = re.search(r"^model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found is not None:
            return found[1].strip()
    return platform.processor() or platform.machine()


def git_state(folder: Path) -> dict[str, object]:
    """Commit and uncommitted change of the checkout that tracks the Python files in `folder`.

    `diff` is the start of a SHA-256 over `git diff HEAD` and the names of untracked files, null when clean.
    Where there is no such checkout, all values are null and `reason` says why; a run never fails over this.
    """
    try:
        # An installed copy may lie inside another project's checkout, whose commit would mislead.
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        commit = _git(folder, "rev-parse", "HEAD").strip()
        status = _git(folder, "status", "--porcelain")
        change = _git(folder, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-color") + status
    except (OSError, subprocess.SubprocessError) as error:
        stderr = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
        return {"commit": None, "dirty": None, "diff": None, "reason": stderr.strip() or str(error)}
    digest = hashlib.sha256(change.encode(errors="surrogateescape")).hexdigest()[:12] if status else None
    return {"commit": commit, "dirty": bool(status), "diff": digest, "reason": None}


def _git(folder: Path, *arguments: str) -> str:
    # Inside a git hook GIT_DIR and its kin name another repository than the folder's own.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=variables | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        capture_output=True,
        check=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=GIT_TIMEOUT_SECONDS,
    ).stdout
