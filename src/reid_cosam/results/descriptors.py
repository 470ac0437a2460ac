"""Descriptors of a test set on disk: extracted once, scored any number of times."""

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float32
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reid_cosam.results.store import replacing, write_text

FILE, TABLE = "descriptors.safetensors", "tracklets.csv"
_SUM = "sha256"


def save_descriptors(
    folder: Path, descriptors: Float32[Tensor, "n d"], tracklets: pd.DataFrame, origin: Mapping[str, str]
) -> None:
    """Writes the descriptors, and one row per tracklet beside them.

    The file's header holds what they come from, and their SHA-256.

    Raises:
        OSError: they cannot be written.
    """
    write_text(folder / TABLE, tracklets.to_csv(index=False))
    whole = descriptors.contiguous()
    with replacing(folder / FILE) as temporary:
        try:
            save_file({"descriptors": whole}, temporary, {**origin, _SUM: _sum_of(whole)})
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(f"{folder / FILE} cannot be written: {error}") from error


def check_room(folder: Path, num_bytes: int) -> None:
    """Makes sure, as far as can be told before, that so many bytes can be written into `folder`.

    The folder need not exist; nothing is left in it.

    Raises:
        OSError: they cannot.
    """
    existing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    with tempfile.TemporaryFile(dir=existing) as file:
        file.write(b"0")
        file.flush()
    free = shutil.disk_usage(existing).free
    if free < num_bytes:
        raise OSError(
            errno.ENOSPC,
            f"{num_bytes / 2**20:.1f} MB are needed, {free / 2**20:.1f} MB are free",
            str(folder),
        )


def load_descriptors(
    folder: Path, num_tracklets: int, origin: Mapping[str, str]
) -> Float32[Tensor, "n d"] | None:
    """The descriptors in `folder`; None where there are none.

    Raises:
        ValueError: they come from something else than `origin` says, are not whole, or are not finite.
    """
    remedy = "delete the folder, or name another with store=..."
    if folder.exists() and not folder.is_dir():  # said before hours of extraction, not after
        raise ValueError(f"store {folder} is a file: name a folder with store=...")
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            held: dict[str, str] = file.metadata() or {}
            descriptors: Tensor = file.get_tensor("descriptors")
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a readable store of descriptors ({error}): {remedy}") from error
    differing = [
        f"{name} {held.get(name)} (asked for: {value})"
        for name, value in origin.items()
        if held.get(name) != value
    ]
    if differing:
        raise ValueError(f"{path} belongs to {', '.join(differing)}: {remedy}")
    if held.get(_SUM) != _sum_of(descriptors):
        raise ValueError(
            f"{path} is damaged: its descriptors do not match the SHA-256 in its header: {remedy}"
        )
    if len(descriptors) != num_tracklets:
        raise ValueError(f"{path} holds {len(descriptors)} of {num_tracklets} tracklets: {remedy}")
    check_finite(descriptors, str(path))
    return descriptors


def _sum_of(descriptors: Float32[Tensor, "n d"]) -> str:
    return hashlib.sha256(descriptors.numpy().tobytes()).hexdigest()


def check_finite(descriptors: Float32[Tensor, "n d"], where: str) -> None:
    """Raises ValueError if a descriptor holds NaN or infinity: nothing could be ranked by it."""
    broken = (~torch.isfinite(descriptors)).any(dim=1).nonzero().flatten().tolist()
    if broken:
        raise ValueError(
            f"{where}: {len(broken)} of {len(descriptors)} descriptors hold NaN or infinity, first that of "
            f"tracklet {broken[0]}; the training diverged, or trainer.precision=32-true is needed"
        )
