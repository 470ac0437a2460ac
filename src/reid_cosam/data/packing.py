"""Writes the images of a data set into one file; `pack_file.py` says how it is laid out and reads it."""

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reid_cosam.data.frames import decode, read_content
from reid_cosam.data.pack_file import COLUMNS, IMAGES, INDEX, RECORD, Record, file_hash
from reid_cosam.data.readers.listing import is_image
from reid_cosam.data.verification import Fault

_IMAGES_AT_ONCE = 1024  # in memory


class Contents(NamedTuple):
    """Paths of a data set's files, relative to its folder and sorted."""

    images: list[str]
    others: list[str]


def contents(root: Path) -> Contents:
    """All files under `root` that are not hidden: images, which are packed, and others.

    Raises:
        OSError: a folder cannot be listed.
    """
    paths = sorted(_walk(root), key=os.fsencode)
    images = [path for path in paths if is_image(path)]
    return Contents(images, [path for path in paths if not is_image(path)])


def _walk(root: Path) -> Iterator[str]:
    for folder, inner, files in os.walk(root, followlinks=True, onerror=_raise):
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield from (
            (Path(folder) / name).relative_to(root).as_posix() for name in files if not name.startswith(".")
        )


def _raise(error: OSError) -> None:
    raise error


def copy_others(root: Path, others: Iterable[str], folder: Path) -> None:
    """Copies files as they are to the same paths under `folder`."""
    for path in others:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, folder / path)


def write(
    root: Path, images: Sequence[str], folder: Path, workers: int, advance: Callable[[int], object]
) -> tuple[Fault, ...]:
    """Packs the sorted `images` under `root` into `folder`; returns those that cannot be read.

    With a fault the pack lacks that image: it is not to be used. `advance` hears how many more images are
    done. `workers` threads read and decode.
    """
    rows: list[tuple[bytes, int, int, int]] = []
    faults: list[Fault] = []
    digest, offset = sha256(), 0
    with (folder / IMAGES).open("wb") as file:
        for path, content in _read(root, images, workers):
            advance(1)
            if isinstance(content, Fault):
                faults.append(content)
                continue
            rows.append((os.fsencode(path), offset, len(content), zlib.crc32(content)))
            file.write(content)
            digest.update(content)
            offset += len(content)
    np.save(folder / INDEX, _table(rows))
    hashes = {IMAGES: digest.hexdigest(), INDEX: file_hash(folder / INDEX, lambda _: None)}
    record = json.dumps(asdict(Record(len(rows), offset, hashes)), indent=2)
    (folder / RECORD).write_text(f"{record}\n")
    return tuple(faults)


def _read(root: Path, images: Sequence[str], workers: int) -> Iterator[tuple[str, bytes | Fault]]:
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            some = images[start : start + _IMAGES_AT_ONCE]
            yield from zip(some, pool.map(partial(_content, root), some), strict=True)


def _content(root: Path, path: str) -> bytes | Fault:
    frame = str(root / path)
    try:
        content = read_content(frame)
        decode(content, frame)
    except (OSError, ValueError) as error:  # both name the frame
        return Fault(frame, str(error))
    return content


def _table(rows: Sequence[tuple[bytes, int, int, int]]) -> np.ndarray:
    longest = max((len(path) for path, *_ in rows), default=1)
    return np.array(rows, dtype=list(zip(COLUMNS, (f"S{longest}", "<u8", "<u4", "<u4"), strict=True)))
