"""Pretrained weights: fetched once over https, checked, then read without running any code."""

import hashlib
import http.client
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor


class Weights(NamedTuple):
    """Where a file of weights is served, and its sha256 or the first digits of it that are published."""

    url: str
    sha256: str


def load_weights(weights: Weights) -> dict[str, Tensor]:
    """The state dict of `weights`, from torch hub's checkpoint folder (fetched there if it is missing).

    Raises:
        ConnectionError: the file is missing and cannot be fetched; says where to put it by hand.
        ValueError: the file is not the one its hash stands for; a wrong download is not kept.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[1]
    if not path.exists():
        _fetch(weights, path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if not found.startswith(weights.sha256):  # put there by hand, or cut short
        raise ValueError(
            f"{path} is not the published file: its sha256 is {found}, expected {weights.sha256}. "
            "Delete it, so that it is fetched again"
        )
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _fetch(weights: Weights, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:  # torch writes under another name until the hash has been checked
        torch.hub.download_url_to_file(weights.url, str(path), weights.sha256, progress=sys.stderr.isatty())
    except (OSError, http.client.HTTPException) as error:  # a URLError is an OSError, a short read is not
        raise ConnectionError(
            f"cannot fetch the ImageNet weights from {weights.url} ({error}). "
            f"Download that file elsewhere and put it at {path}, "
            "or start from random weights with pretrained=False"
        ) from error
    except RuntimeError as error:
        raise ValueError(
            f"the download from {weights.url} is not the published file: {error}. "
            f"It was discarded. Try again, or put the published file at {path}"
        ) from error
