"""Descriptors of a test set on disk: extracted once, scored any number of times."""

import errno
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float, Float32
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reid_cosam.results.store import replacing, write_text

FILE, TABLE = "descriptors.safetensors", "tracklets.csv"
SUM = "sha256"
_DIVERGED = "the training diverged, or trainer.precision=32-true is needed"
_REMEDY = "delete the folder, or name another with store=..."

_log = logging.getLogger(__name__)


class DescriptorStore:
    """A folder of descriptors.

    Args:
        folder: need not exist.
        origin: all that the descriptors depend on, by name; kept in the file's header.
        required: whether it is an error that they cannot be stored; else it is a warning.

    Attributes:
        usable: False once they could not be stored.
    """

    def __init__(self, folder: Path, origin: Mapping[str, str], required: bool) -> None:
        self.folder, self.usable = folder, True
        self._origin, self._required = origin, required

    def load(self, num_tracklets: int) -> Float32[Tensor, "n d"] | None:
        """The descriptors; None where there are none.

        Raises:
            ValueError: they come from something else than `origin` says, are incomplete, or are not finite.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"store {self.folder} is a file: name a folder with store=...")
        path = self.folder / FILE
        if not path.exists():
            return None
        descriptors, header = read_tensor(path, _REMEDY)
        differing = [
            f"{name} {header.get(name)} (asked for: {value})"
            for name, value in self._origin.items()
            if header.get(name) != value
        ]
        if differing:
            raise ValueError(f"{path} belongs to {', '.join(differing)}: {_REMEDY}")
        check_sum(path, descriptors, header, _REMEDY)
        if len(descriptors) != num_tracklets:
            raise ValueError(f"{path} holds {len(descriptors)} of {num_tracklets} tracklets: {_REMEDY}")
        check_finite(descriptors, str(path))
        return descriptors

    def check_room(self, num_tracklets: int, width: int, quiet: bool = False) -> None:
        """Finds out before hours of extraction, not after, whether so many descriptors could be stored.

        Raises:
            OSError: they could not, and that is required.
        """
        try:
            _check_room(self.folder, num_tracklets * (4 * width + 100) + 2**20)  # with the tracklet's own row
        except OSError as error:
            if self._required:
                raise OSError(f"store={self.folder} cannot take the descriptors: {error}") from error
            self._give_up(error, quiet)

    def save(self, descriptors: Float32[Tensor, "n d"], tracklets: pd.DataFrame, distance: str) -> None:
        """Writes the descriptors, and one row per tracklet beside them; a warning where that fails.

        Args:
            distance: by which the network's descriptors are compared, for whoever scores them.
        """
        if not self.usable:
            return
        try:
            write_text(self.folder / TABLE, tracklets.to_csv(index=False))
            with replacing(self.folder / FILE) as temporary:
                header = {**self._origin, "distance": distance, SUM: sum_of(descriptors)}
                save_file({"descriptors": descriptors.contiguous()}, temporary, header)
        except (OSError, SafetensorError) as error:  # the latter is what it makes of a full disk
            self._give_up(error)

    def _give_up(self, error: Exception, quiet: bool = False) -> None:
        self.usable = False
        if not quiet:
            _log.warning(
                "descriptors cannot be stored in %s (%s): scores are computed now; another call extracts "
                "again; store=FOLDER names another place",
                self.folder,
                error,
            )


def read_tensor(path: Path, remedy: str = "") -> tuple[Tensor, dict[str, str]]:
    """A tensor in a .safetensors file, its only one or the one that is called descriptors, and its header.

    Raises:
        ValueError: the file is damaged, or has several tensors of other names; ends with the remedy.
    """
    end = f"; {remedy}" if remedy else ""
    try:
        with safe_open(path, framework="pt") as file:
            names, header = list(file.keys()), file.metadata() or {}
            name = names[0] if len(names) == 1 else "descriptors"
            if name in names:
                return file.get_tensor(name), header
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a readable .safetensors file: {error}{end}") from error
    listed = ", ".join(names) or "no tensor"
    raise ValueError(f"{path} holds {listed}: one tensor is needed, or one that is called descriptors{end}")


def check_sum(path: Path, tensor: Tensor, header: Mapping[str, str], remedy: str = "") -> None:
    """Raises ValueError, which ends with the remedy, unless a header has the sum of the tensor."""
    if header.get(SUM) != sum_of(tensor):
        end = f"; {remedy}" if remedy else ""
        raise ValueError(f"{path} is damaged: its content does not match the SHA-256 in it{end}")


def check_finite(descriptors: Float[Tensor, "n d"], where: str, remedy: str = _DIVERGED) -> None:
    """Raises ValueError if a descriptor holds NaN or infinity: nothing could be ranked by it."""
    broken = (~torch.isfinite(descriptors)).any(dim=1).nonzero().flatten().tolist()
    if broken:
        raise ValueError(
            f"{where}: {len(broken)} of {len(descriptors)} descriptors hold NaN or infinity, the first in "
            f"row {broken[0] + 1}, counted from 1; {remedy}"
        )


def _check_room(folder: Path, num_bytes: int) -> None:
    """OSError if so many bytes cannot be written into `folder`, which need not exist."""
    existing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    with tempfile.TemporaryFile(dir=existing) as file:
        file.write(b"0")
        file.flush()
    free = shutil.disk_usage(existing).free
    if free < num_bytes:
        needed = f"{num_bytes / 2**20:.1f} MB are needed, {free / 2**20:.1f} MB are free"
        raise OSError(errno.ENOSPC, needed, str(folder))


def sum_of(descriptors: Tensor) -> str:
    """Over the numbers alone, whatever their names."""
    return hashlib.sha256(descriptors.numpy().tobytes()).hexdigest()
