"""Files of a run: records and pictures that are whole or absent, and a record of what made them."""

import hashlib
import json
import math
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from uuid import uuid4

import numpy as np
import torch
from PIL import Image

import reid_cosam

GIT_TIMEOUT_SECONDS = 10


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder; leaving without an error moves it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with `\\n` line ends; an older file stays whole until the new one is.

    What is no text in a path becomes an escape, `\\udcca` for the byte ca: JSON and YAML read it as the path.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode(errors="backslashreplace"))


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Writes sorted, indented JSON. NumPy values become plain numbers and lists.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot hold.
        TypeError: a value has no JSON form.
    """
    plain = _plain(content, str(path))
    write_text(path, json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def _plain(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, f"{name}: {key}") for key, inner in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist(), name)
    if isinstance(value, (list, tuple)):
        return [_plain(inner, f"{name}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}, which JSON cannot hold; write null or leave the key out")
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{name} is a {type(value).__name__}, which has no JSON form; convert it first")


def save_picture(image: Image.Image, path: Path) -> None:
    """Writes a PNG file.

    Raises:
        ValueError: the name does not end in `.png`.
    """
    if path.suffix.lower() != ".png":
        raise ValueError(f"pictures are PNG files, so {path} must end in .png")
    with replacing(path) as temporary:
        image.save(temporary, format="PNG", compress_level=4)  # half the time, 4% more bytes


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
    run_time = [requirement for requirement in requirements if "extra ==" not in requirement]
    names = [re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in run_time]
    return {name: _version(name) for name in names}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def git_state(folder: Path) -> dict[str, object]:
    """Commit and uncommitted change of the checkout that tracks the Python files in `folder`.

    `diff` is the start of a SHA-256 over `git diff HEAD` and the names of untracked files, null when clean.
    Where there is no such checkout, all values are null and `reason` says why; a run never fails over this.
    """
    try:
        # An installed copy may lie inside some other project's checkout; its commit would be a lie.
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        commit = _git(folder, "rev-parse", "HEAD").strip()
        status = _git(folder, "status", "--porcelain")
        change = _git(folder, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-color") + status
    except (OSError, subprocess.SubprocessError) as error:
        return {"commit": None, "dirty": None, "diff": None, "reason": _reason(error)}
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


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return str(error.stderr).strip() or str(error)
    return str(error)
