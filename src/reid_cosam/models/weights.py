"""Pretrained weights: fetched once over https, checked, then read without running any code."""

import hashlib
import http.client
import os
import urllib.request
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor


class Weights(NamedTuple):
    """Where a file of weights is served, and its sha256 or the first digits of it that are published."""

    url: str
    sha256: str

    @property
    def file_name(self) -> str:
        return self.url.rsplit("/", 1)[1]


def load_weights(weights: Weights) -> dict[str, Tensor]:
    """The state dict of `weights`, from torch hub's checkpoint folder (fetched there if it is missing).

    Raises:
        ConnectionError: the file is missing and cannot be fetched; says where to put it by hand.
        ValueError: the file is not the one its hash stands for.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.file_name
    if not path.exists():
        _fetch(weights, path)
    _check(weights, path)
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _fetch(weights: Weights, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(weights.url, timeout=30) as response:
            _write_whole(response.read(), path)
    except (OSError, http.client.HTTPException) as error:  # a URLError is an OSError, a short read is not
        raise ConnectionError(
            f"cannot fetch the ImageNet weights from {weights.url} ({error}). "
            f"Download that file elsewhere and put it at {path}, "
            "or train from random weights with backbone.pretrained=false"
        ) from error


def _write_whole(content: bytes, path: Path) -> None:
    """Writes under a temporary name and renames, so that an interrupted download leaves nothing behind."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check(weights: Weights, path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if not found.startswith(weights.sha256):
        raise ValueError(
            f"{path} is not the published file: its sha256 is {found}, expected {weights.sha256}. "
            "Delete it, so that it is fetched again"
        )
