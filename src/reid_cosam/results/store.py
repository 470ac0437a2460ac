"""Files of a run: records and pictures that are whole or absent."""

import errno
import glob
import hashlib
import json
import math
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import numpy as np
import psutil
from PIL import Image

_SUM = "sha256"
_STALE_SECONDS = 24 * 3600  # after which a temporary file of another machine belongs to nobody


@contextmanager
def replacing(path: Path, previous: Path | None = None) -> Iterator[Path]:
    """Yields a temporary path in the same folder; leaving without an error moves it to `path`.

    An earlier file of that name is moved to `previous`, if that is given. A process that is killed at any
    moment leaves a whole file under at least one of the two names, as does a power failure.

    Raises:
        OSError: the file cannot be written; names `path`, whatever the temporary one is called.
    """
    temporary = path.with_name(f".{path.name}.{_host()}-{os.getpid()}-{uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_strays(path.parent.glob(f".{glob.escape(path.name)}.*.tmp"))
        yield temporary
        _flush(temporary)
        if previous is not None and path.exists():
            path.replace(previous)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems flush no folders
            raise
    finally:
        os.close(descriptor)


def remove_strays(folder: Path) -> None:
    """Removes the temporary files that killed processes left under `folder`.

    Those of this machine are removed when their process is gone, those of other machines after a day.
    """
    _remove_strays(folder.rglob(".*.tmp"))


def _remove_strays(paths: Iterable[Path]) -> None:
    for path in paths:
        host, _, rest = path.name.removesuffix(".tmp").rpartition(".")[2].partition("-")
        number = rest.partition("-")[0]
        if not number.isdecimal():
            continue  # not one of ours
        with suppress(FileNotFoundError):
            gone = host == _host() and not psutil.pid_exists(int(number))
            if gone or time.time() - path.stat().st_mtime > _STALE_SECONDS:
                path.unlink()


def _host() -> str:
    """The name of this machine, as a part of a file's name."""
    return re.sub(r"\W", "_", socket.gethostname())


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with `\\n` line ends; an older file stays whole until the new one is.

    Bytes of a path that are no text are escaped, ca as `\\udcca`: JSON and YAML read them as the path.
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


def write_record(path: Path, content: Mapping[str, object]) -> None:
    """Writes JSON as `write_json` does, with a sum over the rest under `sha256`; `read_record` checks it."""
    plain = cast(dict[str, object], _plain(content, str(path)))
    write_json(path, plain | {_SUM: _sum_of(plain)})


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a file, without its sum, which older files lack.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is empty or damaged; names the file.
    """
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: it holds no JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object")
    expected = content.pop(_SUM, None)
    if expected is not None and expected != _sum_of(content):
        raise ValueError(f"{path} is damaged: its content does not match the SHA-256 in it")
    return content


def _sum_of(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


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
