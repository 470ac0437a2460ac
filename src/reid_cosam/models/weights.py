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
        ValueError: the file is not the one its hash stands for; a wrong download is not kept.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.file_name
    if path.exists():
        _check(weights, path, str(path), "Delete it, so that it is fetched again")
    else:
        _fetch(weights, path)
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _fetch(weights: Weights, path: Path) -> None:
    """Downloads under a temporary name and renames only the published file; else leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        _download(weights, partial, path)
        remedy = f"It was discarded. Try again, or put the published file at {path}"
        _check(weights, partial, f"the download from {weights.url}", remedy)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _download(weights: Weights, partial: Path, path: Path) -> None:
    try:
        with urllib.request.urlopen(weights.url, timeout=30) as response:
            partial.write_bytes(response.read())
    except (OSError, http.client.HTTPException) as error:  # a URLError is an OSError, a short read is not
        raise ConnectionError(
            f"cannot fetch the ImageNet weights from {weights.url} ({error}). "
            f"Download that file elsewhere and put it at {path}, "
            "or train from random weights with backbone.pretrained=false"
        ) from error


def _check(weights: Weights, path: Path, name: str, remedy: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if not found.startswith(weights.sha256):
        raise ValueError(
            f"{name} is not the published file: its sha256 is {found}, expected {weights.sha256}. {remedy}"
        )
