"""Packs a data set: its images go into one file (`pack_file.py` has the layout), all else is copied."""

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reid_cosam.data import packed
from reid_cosam.data.frames import checked_content
from reid_cosam.data.pack_file import COLUMNS, IMAGES, INDEX, RECORD, Pack, Record, file_hash
from reid_cosam.data.readers.listing import is_image
from reid_cosam.data.verification import first_lines
from reid_cosam.scratch import scratch_for

_IMAGES_AT_ONCE = 1024  # in memory

Counted = Callable[[int, str], AbstractContextManager[Callable[[int], object]]]
"""Called with a number and what is counted; yields what to call with the number of those that are done."""


class Contents(NamedTuple):
    """Paths of a data set's files, relative to its folder and sorted."""

    images: list[str]
    others: list[str]


def pack(root: Path, frames: Sequence[str], out: Path, workers: int, counted: Counted) -> tuple[Pack, int]:
    """Packs the data set at `root` into the new folder `out`; returns the pack and the number of other files.

    Args:
        frames: the frames that must be among the images.
        workers: threads that read and decode.

    Raises:
        FileExistsError: there is an `out` already.
        ValueError: the data set is packed already, or images are missing or cannot be read; nothing is left.
    """
    if packed.find(str(root)) is not None:
        raise ValueError(f"{root} is packed already: copy the folder instead")
    if out.exists():
        raise FileExistsError(f"out={out} exists and was left as it is: choose another folder, or delete it")
    if root.resolve() in out.resolve().parents:
        raise ValueError(f"out={out} lies in the data set itself, {root}: choose a folder outside it")
    found = contents(root)
    existing = {str(root / image) for image in found.images}
    _refuse([f"{frame} is missing" for frame in frames if frame not in existing], "missing")
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch_for(out) as staged:
        for path in found.others:
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, staged / path)
        with counted(len(found.images), "images") as advance:
            _refuse(write(root, found.images, staged, workers, advance), "unreadable")
        staged.rename(out)
    packed.forget()
    return Pack(out), len(found.others)


def _refuse(faults: Sequence[str], what: str) -> None:
    if faults:
        first = f"{len(faults):,} images are {what}, and nothing was written:"
        raise ValueError("\n".join([first, *first_lines(faults)]))


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


def write(
    root: Path, images: Sequence[str], folder: Path, workers: int, advance: Callable[[int], object]
) -> list[str]:
    """Writes a pack of the sorted `images` under `root`; returns one sentence per image that cannot be read.

    The pack lacks such an image and must not be used. `advance` is called with 1 per image.
    """
    rows: list[tuple[bytes, int, int, int]] = []
    faults: list[str] = []
    digest, offset = sha256(), 0
    with (folder / IMAGES).open("wb") as file:
        for path, content in _read(root, images, workers):
            advance(1)
            if isinstance(content, str):
                faults.append(content)
                continue
            rows.append((os.fsencode(path), offset, len(content), zlib.crc32(content)))
            file.write(content)
            digest.update(content)
            offset += len(content)
    longest = max((len(path) for path, *_ in rows), default=1)
    types = list(zip(COLUMNS, (f"S{longest}", "<u8", "<u4", "<u4"), strict=True))
    np.save(folder / INDEX, np.array(rows, dtype=types))
    hashes = {IMAGES: digest.hexdigest(), INDEX: file_hash(folder / INDEX)}
    record = json.dumps(asdict(Record(len(rows), offset, hashes)), indent=2)
    (folder / RECORD).write_text(f"{record}\n")
    return faults


def _read(root: Path, images: Sequence[str], workers: int) -> Iterator[tuple[str, bytes | str]]:
    """Each image's path, and its content or why it cannot be read."""
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            some = images[start : start + _IMAGES_AT_ONCE]
            yield from zip(some, pool.map(partial(_content, root), some), strict=True)


def _content(root: Path, path: str) -> bytes | str:
    try:
        return checked_content(str(root / path))
    except (OSError, ValueError) as error:  # both name the frame
        return str(error)
