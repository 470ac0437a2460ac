"""A matrix of descriptors in a file that anybody may have written; nothing in it is unpickled."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reid_cosam.results.descriptors import SUM, check_finite, check_sum, read_tensor

# What the header of a store of descriptors names (`build.extraction_origin`).
_OURS = {"checkpoint", "split", "snippet", "tail", SUM}


class Matrix(NamedTuple):
    """Descriptors, mapped from the file, and what an evaluation says that it made them of, if it did."""

    descriptors: Float[Tensor, "n d"]
    origin: Mapping[str, str]


def read_matrix(path: Path) -> Matrix:
    """The matrix in a `.npy` or `.safetensors` file: real numbers of 16, 32 or 64 bits.

    Those of 16 bits become 32 bits wide, as distances are made of no fewer.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"descriptors={path}: there is no such file")
    readers = {".npy": _from_numpy, ".safetensors": _from_safetensors}
    if path.suffix not in readers:
        raise ValueError(f"descriptors={path}: descriptors are read from .npy and .safetensors files")
    descriptors, origin = readers[path.suffix](path)
    if descriptors.ndim != 2 or 0 in descriptors.shape:
        raise ValueError(
            f"{path} holds shape {list(descriptors.shape)}: one row per tracklet is needed, [n, d]"
        )
    if descriptors.dtype not in (torch.float16, torch.float32, torch.float64):
        raise ValueError(f"{path} holds {descriptors.dtype}: real numbers of 16, 32 or 64 bits are needed")
    check_finite(descriptors, str(path), "they cannot be ranked")
    return Matrix(descriptors.float() if descriptors.dtype == torch.float16 else descriptors, origin)


def _from_numpy(path: Path) -> tuple[Tensor, dict[str, str]]:
    try:
        # Copied when written to, which is never: torch warns of what cannot be written to.
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:  # NumPy raises many unrelated types on damaged headers
        # What it says of pickles advises to unpickle them.
        is_python = "ickle" in str(error) or "Python objects" in str(error)
        reason = "it holds Python objects, which are not read" if is_python else str(error)
        raise ValueError(f"{path} is not a readable .npy file of numbers: {reason}") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path} is an archive of several arrays: save one as .npy")
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise ValueError(f"{path} holds {array.dtype}: real numbers of 16, 32 or 64 bits are needed")
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False)), {}


def _from_safetensors(path: Path) -> tuple[Tensor, dict[str, str]]:
    found, header = read_tensor(path)
    if not header.keys() >= _OURS:
        return found, {}
    check_sum(path, found, header)
    return found, header
