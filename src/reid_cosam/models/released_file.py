"""Reads checkpoints of the paper's released code, without running code from them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor


class _Unread:
    """Stands for the NumPy number (rank 1) that the released code saves beside the weights, unused here."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


# What such a number is made with, before and since NumPy 2. So nothing of NumPy itself is called.
_UNREAD = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")


def read_released(path: Path) -> Mapping[str, Tensor]:
    """The state dict in a file of the released code, or of a bare state dict. Runs no code from the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is unreadable, needs code to be read, or holds no state dict.
    """
    if not path.is_file():
        raise FileNotFoundError(f"released={path}: there is no such file")
    try:
        with torch.serialization.safe_globals([(_Unread, name) for name in _UNREAD]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many unrelated types, and torch's advice to read it unsafely is not ours
        raise ValueError(f"{path} {why_unread(error)}") from error
    return state_dict_in(content, str(path))


def state_dict_in(content: object, where: str) -> Mapping[str, Tensor]:
    """The state dict that a file holds: all of its content, or what it names `state_dict`.

    Raises:
        ValueError: it holds none; the message begins with `where`, and says what was found instead.
    """
    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if _is_state_dict(state):
        return state
    found, remedy = f"a {type(content).__name__}", "save network.state_dict() with torch.save"
    if isinstance(content, Mapping):
        more = f" and {len(content) - 5} more" if len(content) > 5 else ""
        found = f"a dict with {', '.join(map(str, [*content][:5]))}{more}" if content else "an empty dict"
        inner = [repr(name) for name, value in content.items() if _is_state_dict(value)]
        remedy = f"save its {' or '.join(inner)} in a file of its own with torch.save" if inner else remedy
    raise ValueError(
        f"{where} holds no state dict, neither as 'state_dict' nor by itself, but {found}: {remedy}"
    )


def why_unread(error: Exception) -> str:
    """Why torch did not read a file, as the rest of a sentence that begins with its name."""
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    if foreign is None:
        return f"is not a checkpoint, or it is damaged ({type(error).__name__}): fetch it again"
    return (
        f"holds {foreign[1]}, and only weights and plain values are read. If you trust the file, load "
        "it with torch and save its weights alone: torch.save({'state_dict': network.state_dict()}, ...)"
    )


def _is_state_dict(value: object) -> TypeGuard[Mapping[str, Tensor]]:
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(name, str) and isinstance(one, Tensor) for name, one in value.items())
    )
