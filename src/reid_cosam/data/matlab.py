"""Reads the whole numbers that data sets keep in MATLAB files."""

from pathlib import Path

import numpy as np
from jaxtyping import Int64
from scipy.io import loadmat


def integers(path: Path, variable: str) -> Int64[np.ndarray, "..."]:
    """The array `variable` of the file at `path`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no MATLAB file, has no such variable, or one of other than whole numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    try:
        content = loadmat(path)
    except Exception as error:  # scipy raises several unrelated types, none of which names the file
        raise ValueError(f"{path} cannot be read as a MATLAB file: {error}") from error
    if variable not in content:
        held = ", ".join(name for name in content if not name.startswith("__"))
        raise ValueError(f"{path} has no variable {variable}, it holds: {held}")
    found = np.asarray(content[variable])
    if found.dtype.kind not in "iuf" or not np.array_equal(found, np.floor(found)):  # NaN equals nothing
        raise ValueError(
            f"{path}: {variable} must hold whole numbers, got {found.dtype}: {found.ravel()[:3]}"
        )
    # Some are stored as uint16, in which 0 - 1 would wrap around.
    return found.astype(np.int64)
