"""Reads the whole numbers that data sets keep in MATLAB files."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from scipy.io import loadmat

_HDF5 = b"MATLAB 7.3"
_HEADER = 128  # bytes
_TYPES = frozenset((*range(1, 8), 9, *range(12, 19)))  # of elements
_MATRIX, _COMPRESSED = 14, 15


def integers(path: Path, variable: str) -> Int64[np.ndarray, "..."]:
    """The array `variable` of the file at `path`, of MATLAB 4 to 7.3.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: it is of MATLAB 7.3, and h5py is not installed.
        ValueError: it is no MATLAB file, has no such variable, or one of other than whole numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    try:
        content = _content(path)
    except ImportError:
        raise
    except Exception as error:  # scipy raises several unrelated types, none of which names the file
        raise ValueError(f"{path} cannot be read as a MATLAB file: {error}") from error
    if variable not in content:
        others = ", ".join(name for name in content if not name.startswith(("__", "#")))
        raise ValueError(f"{path} has no variable {variable}, only {others}")
    found = np.asarray(content[variable])
    if found.dtype.kind not in "iuf" or not np.array_equal(found, np.floor(found)):  # NaN equals nothing
        raise ValueError(
            f"{path}: {variable} must hold whole numbers, got {found.dtype}: {found.ravel()[:3]}"
        )
    # Some are stored as uint16, in which 0 - 1 would wrap around.
    return found.astype(np.int64)


def _content(path: Path) -> dict[str, Any]:
    """Everything in the file, by name."""
    content = path.read_bytes()
    if not content.startswith(_HDF5):
        _check_elements(content)
        return loadmat(path)
    try:
        import h5py
    except ImportError:
        raise ImportError(
            f"{path} is a file of MATLAB 7.3, which h5py reads: pip install 'reid-cosam[lsvid]'"
        ) from None
    with h5py.File(path) as file:  # arrays have their axes in reverse; structures are no arrays
        return {
            name: np.asarray(one).T if isinstance(one, h5py.Dataset) else "" for name, one in file.items()
        }


def _check_elements(content: bytes) -> None:
    """Raise ValueError for an element of no known type: scipy looks types up in an array without a check, so
    that a flipped bit would end the process. What is compressed has a checksum instead."""
    if 0 in content[:4]:
        return  # a file of MATLAB 4, which has no such elements
    order = "<" if content[126:128] == b"IM" else ">"
    ends = [len(content)]  # of what is open: the file, and the matrices around a place
    place = _HEADER
    while place + 8 <= ends[-1]:
        kind, size = struct.unpack_from(f"{order}II", content, place)
        if kind >> 16:  # a small element: its size and its content are in these eight bytes
            kind, size = kind & 0xFFFF, 0
        if kind not in _TYPES or place + 8 + size > ends[-1]:
            raise ValueError(f"what lies at byte {place} is no element of such a file")
        place += 8
        if kind == _MATRIX:
            ends.append(place + size)
        else:
            place += size if kind == _COMPRESSED else -(-size // 8) * 8
        while len(ends) > 1 and place >= ends[-1]:
            place = ends.pop()
