"""Images that lie behind one another in one file, and reading them by the paths they had.

The folder of a packed data set has its layout, but for images it has three files:

    frames.pack        the bytes of all images, in the order of their paths
    frames.pack.npy    one row per image in that order: path relative to the folder, offset, length, CRC-32
    frames.pack.json   how many images and bytes these are, and the SHA-256 of the two files above
"""

import os
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal
from weakref import finalize

import numpy as np
from pydantic import TypeAdapter, ValidationError

IMAGES, INDEX, RECORD = "frames.pack", "frames.pack.npy", "frames.pack.json"
COLUMNS = ("path", "offset", "length", "crc32")
MEGABYTE = 10**6

_AGAIN = "copy it again from where it was packed, or pack the data set again"
# What follows "/" among the bytes: no path in a folder lies behind the folder's name and this.
_AFTER_SLASH = b"0"


@dataclass(frozen=True)
class Record:
    """The content of `frames.pack.json`; `sha256` is by file name."""

    images: int
    bytes: int
    sha256: dict[str, str]
    format: Literal[1] = 1


class Pack:
    """An open pack. Reading moves no file position: threads and forked workers may share it.

    Raises:
        FileNotFoundError: one of the three files is missing.
        ValueError: one is truncated or of another pack.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in (IMAGES, INDEX, RECORD):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder / name} is missing, and a pack needs it: {_AGAIN}")
        self._record = _read_record(folder / RECORD)
        self._table = _read_index(folder / INDEX)
        self._paths = self._table["path"]
        self._file = os.open(folder / IMAGES, os.O_RDONLY)
        finalize(self, os.close, self._file)
        self._check_sizes()

    def __str__(self) -> str:
        size = self._record.bytes / MEGABYTE
        return f"{self._record.images:,} images, " + (
            f"{size / 1000:,.2f} GB" if size > 1000 else f"{size:.2f} MB"
        )

    def read(self, path: str) -> bytes:
        """The image that has this path relative to the folder.

        Raises:
            FileNotFoundError: the pack has none.
            ValueError: its bytes are not those that were packed.
        """
        key = os.fsencode(path)
        row = bisect_left(self._paths, key)
        if row == len(self._paths) or self._paths[row] != key:
            raise FileNotFoundError(f"{self.folder / path} is missing: {IMAGES} there does not contain it")
        _, offset, length, checksum = self._table[row].item()
        inside = offset + length <= self._record.bytes
        content = os.pread(self._file, length, offset) if inside else b""
        if len(content) != length or zlib.crc32(content) != checksum:
            raise ValueError(
                f"{self.folder / path} is damaged: {self.folder / IMAGES} does not contain the bytes that "
                f"were packed; {_AGAIN}"
            )
        return content

    def entries(self, prefix: str) -> Iterator[tuple[str, bool]]:
        """Names in the folder `prefix`, which ends in a slash or is empty, and whether each is a folder."""
        key = os.fsencode(prefix)
        row = bisect_left(self._paths, key)
        while row < len(self._paths) and (path := bytes(self._paths[row])).startswith(key):
            name, slash, _ = path[len(key) :].partition(b"/")
            yield os.fsdecode(name), bool(slash)
            row = bisect_left(self._paths, key + name + _AFTER_SLASH, lo=row) if slash else row + 1

    def changed(self, advance: Callable[[int], object]) -> list[str]:
        """Reads images and index whole; the names of files that differ from what was packed."""
        expected = self._record.sha256
        return [
            name for name in (IMAGES, INDEX) if file_hash(self.folder / name, advance) != expected.get(name)
        ]

    @property
    def megabytes(self) -> int:
        """How often `changed` calls `advance`, with 1: once per megabyte or part of one."""
        return sum(-(-(self.folder / name).stat().st_size // MEGABYTE) for name in (IMAGES, INDEX))

    def _check_sizes(self) -> None:
        rows, recorded = len(self._table), self._record
        size = os.fstat(self._file).st_size
        if size != recorded.bytes:
            what = "truncated" if size < recorded.bytes else "of another pack"
            raise ValueError(
                f"{self.folder / IMAGES} is {what}: it has {size:,} bytes, and {RECORD} says "
                f"{recorded.bytes:,}; {_AGAIN}"
            )
        end = int(self._table["offset"][-1]) + int(self._table["length"][-1]) if rows else 0
        if (rows, end) != (recorded.images, recorded.bytes):
            raise ValueError(
                f"{self.folder / INDEX} is of another pack: it has {rows:,} images in {end:,} bytes, and "
                f"{RECORD} says {recorded.images:,} in {recorded.bytes:,}; {_AGAIN}"
            )


def file_hash(path: Path, advance: Callable[[int], object] = lambda _: None) -> str:
    """SHA-256 of a file; `advance` is called with 1 after each megabyte."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(MEGABYTE):
            digest.update(block)
            advance(1)
    return digest.hexdigest()


def _read_record(path: Path) -> Record:
    try:
        return TypeAdapter(Record).validate_json(path.read_bytes())
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ValueError(f"{path} is no record of a pack ({reason}): {_AGAIN}") from error


def _read_index(path: Path) -> np.ndarray:
    """The rows, mapped into memory: processes share them, and only what is looked up is read."""
    try:
        table = np.asarray(np.load(path, mmap_mode="r"))
    except Exception as error:  # numpy parses the header as Python, and raises what that does
        raise ValueError(f"{path} is truncated or damaged ({error}): {_AGAIN}") from error
    kinds = "".join(table.dtype[column].kind for column in table.dtype.names or ())
    if (table.dtype.names, kinds, table.ndim) != (COLUMNS, "Suuu", 1):
        raise ValueError(f"{path} has columns {table.dtype}, expected {COLUMNS}: {_AGAIN}")
    return table
