"""Pretrained weights: fetched once over https or read from a file, checked, without running any code."""

import hashlib
import http.client
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from torch import Tensor

from reid_cosam.models.released_file import state_dict_in, why_unread

_TIMEOUT = 10  # seconds, until the hub must answer

_log = logging.getLogger(__name__)


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


@contextmanager
def hub_asked_once() -> Iterator[str | None]:
    """Gives why the Hugging Face hub does not answer, if so; then all is done as with HF_HUB_OFFLINE=1.

    What has been fetched before is found. Without this, each file that is not there is asked for six times,
    which takes half a minute.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # exported since 1.0

    before, no_answer = constants.HF_HUB_OFFLINE, None
    try:
        get_session().head(constants.ENDPOINT, timeout=_TIMEOUT)
    except Exception as error:  # of whichever library it uses
        no_answer = f"{constants.ENDPOINT} does not answer: {error}"
    constants.HF_HUB_OFFLINE = before or no_answer is not None
    try:
        yield no_answer
    finally:
        constants.HF_HUB_OFFLINE = before


def load_file(path: Path, wanted: Mapping[str, Tensor], sha256: str | None = None) -> None:
    """Copies the tensors of a file into those of a network, by their names.

    Where names differ, but order, kinds and shapes agree, they are matched in order; a .safetensors file has
    none. What is left in the file must be a head, whose kernels are 1x1, and is left out. The log says both.
    A BatchNorm's count of batches is of no use, and may be missing.

    Args:
        path: a file of `torch.save` or .safetensors, which holds a state dict.
        wanted: all of the network's tensors, by name and in its order.
        sha256: of the file, which is then checked.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is another file than `sha256` says, unreadable, or does not fit the network or is not
            finite; the message names the first tensor that does not or is not.
    """
    found = _without_counts(_read(path, sha256))
    wanted = _without_counts(wanted)
    by_name = 2 * len(wanted.keys() & found.keys()) > len(wanted)
    if not by_name and path.suffix == ".safetensors":
        raise ValueError(
            f"weights={path}: its tensors have other names than the network's, such as "
            f"{next(iter(wanted))}, and a .safetensors file keeps no order: save them with torch.save"
        )
    pairs = dict(zip(wanted, wanted if by_name else found, strict=False))
    for name, tensor in wanted.items():
        _check_pair(path, (name, tensor), pairs.get(name), found)
    used = set(pairs.values())
    left = [name for name in found if name not in used]
    for name in left:
        if found[name].shape[2:].numel() != 1:
            raise ValueError(
                f"weights={path}: the network has no tensor for {name} {list(found[name].shape)}"
            )
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(found[pairs[name]])
    way = "by name" if by_name else "by order and shape, since their names differ"
    rest = f"; left out, as the network has no head: {left[0]} to {left[-1]}" if left else ""
    _log.info("weights: %d of %d tensors of %s matched %s%s", len(wanted), len(found), path, way, rest)


def _check_pair(
    path: Path, wanted: tuple[str, Tensor], name: str | None, found: Mapping[str, Tensor]
) -> None:
    needed = f"{wanted[0]} {list(wanted[1].shape)}"
    if name is None or name not in found:
        raise ValueError(f"weights={path} has no tensor for {needed} of the network")
    kinds = [one.rpartition(".")[2] for one in (wanted[0], name)]
    if found[name].shape != wanted[1].shape or (kinds[0] != kinds[1] and _KINDS.issuperset(kinds)):
        raise ValueError(
            f"weights={path}: {name} {list(found[name].shape)} does not fit {needed} of the network"
        )
    if not found[name].to(wanted[1].dtype).isfinite().all():
        raise ValueError(f"weights={path}: {name} is not finite: name another file")


_KINDS = {"weight", "bias", "running_mean", "running_var"}  # of the same shape in a BatchNorm


def _without_counts(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


def _read(path: Path, sha256: str | None) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(f"weights={path}: there is no such file")
    if sha256 is not None and (hashed := hashlib.sha256(path.read_bytes()).hexdigest()) != sha256:
        raise ValueError(
            f"weights={path} is another file than that of weights_sha256={sha256}: its sha256 is {hashed}"
        )
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many unrelated types, and torch's advice to read it unsafely is not ours
        raise ValueError(f"weights={path} {why_unread(error)}") from error
    return state_dict_in(content, f"weights={path}")
