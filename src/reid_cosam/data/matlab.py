"""Reads the whole numbers that data sets keep in MATLAB files."""

from pathlib import Path

import numpy as np
from jaxtyping import Int64
from scipy.io import loadmat


def integers(path: Path, variable: str) -> Int64[np.ndarray, "..."]:
    """The array `variable` of the file at `path`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no MATLAB file, or has no such variable.
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
    # Some are stored as uint16, in which 0 - 1 would wrap around.
    return np.asarray(content[variable]).astype(np.int64)
