"""Which code a file may name.

What a command line names is run. A checkpoint or the folder of a run may come from elsewhere, and names
classes as well: only those of this package and of the libraries that networks are made of, and there only
parts of networks and of training, unless the command line trusts a module by its name.
"""

import inspect
import pkgutil
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reid_cosam.build.parts import TARGET

ALLOWED = ("reid_cosam", "torch", "torchvision", "timm")
# Where parts of networks and of training are; nothing else of these packages is even imported.
_PLACES = (
    *("reid_cosam.models.", "reid_cosam.losses.", "reid_cosam.data.", "reid_cosam.training.optimisation."),
    *("torch.nn.", "torch.optim.", "torchvision.models.", "torchvision.ops.", "timm.models.", "timm.layers."),
)
_FUNCTIONS = (
    "reid_cosam.models.backbones",
    "reid_cosam.models.timm_backbones",
    "reid_cosam.training.optimisation",
)
# Arguments by which a listed model would read or fetch a file that is named there.
_FILES = ("pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path")
_READS_WEIGHTS, _BACKBONE = "reid_cosam.models.timm_backbones.", f"backbone.{TARGET}"


class Untrusted(ValueError):
    """A file names code that is not run; the message says which, and how to allow it."""


def check_trust(content: object, file: str, trust: Collection[str] = ()) -> None:
    """Makes sure that making objects of what `file` holds runs no code but that which is allowed or trusted.

    Args:
        content: plain containers.
        trust: modules, with all that they hold.

    Raises:
        Untrusted: it would.
    """
    trusted = (trust,) if isinstance(trust, str) else trust
    for setting, part in _parts(content):
        target = str(part[TARGET])
        setting = f"{setting}.{TARGET}" if setting else TARGET
        if any(target == module or target.startswith(f"{module}.") for module in trusted):
            continue
        reason, remedy = _refusal(setting, target, part)
        if reason:
            raise Untrusted(f"{file} names {setting}={target}, {reason}: it was not run.{remedy}")


def _refusal(setting: str, target: str, part: Mapping[Any, Any]) -> tuple[str, str]:
    """Why it is not run, and what the user can do; two empty texts for what every file may name."""
    if not re.fullmatch(r"\w+(\.\w+)+", target):
        return "which is not the name of a class", ""
    module = target.partition(".")[0]
    if module not in ALLOWED:
        return f"which belongs to none of {', '.join(ALLOWED)}", (
            f" If you have that code and trust it, add 'trust=[{module}]' (in Python: trust=[\"{module}\"])"
        )
    files = [name for name in _FILES if part.get(name) is not None]
    # Of a checkpoint's backbone it is never read, and a saved run is repeated with the weights that it had.
    if part.get("weights") is not None and setting != _BACKBONE and target.startswith(_READS_WEIGHTS):
        files.append("weights")
    if files:
        return f"and with {files[0]} a file that it would read", ""
    if not _is_part(target):
        return "which is not part of a network or of its training", (
            f" If you trust it all the same, add 'trust=[{target}]'"
        )
    return "", ""


def _parts(content: object, setting: str = "") -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """The full name and the value of every mapping with a `_target_` in plain containers."""
    pairs: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(content, Mapping):
        pairs = iter(content.items())
        if TARGET in content:
            yield setting, content
    elif isinstance(content, list | tuple):
        pairs = iter(enumerate(content))
    for key, value in pairs:
        yield from _parts(value, f"{setting}.{key}" if setting else str(key))


def modules_of(content: object) -> list[str]:
    """The top-level modules that plain containers name, but those which every file may name."""
    return sorted({str(part[TARGET]).partition(".")[0] for _, part in _parts(content)} - set(ALLOWED))


def _is_part(target: str) -> bool:
    """Whether calling it makes a part: a class made for that, or a function that is listed as a model."""
    from torch import nn, optim

    if not target.startswith(_PLACES):
        return False
    try:
        found = pkgutil.resolve_name(target)
    except Exception:  # whatever looking for it raises
        return False
    module = str(getattr(found, "__module__", ""))
    if module.partition(".")[0] not in ALLOWED:  # torch.os.system is a name as well
        return False
    if inspect.isclass(found):
        kinds = (nn.Module, optim.Optimizer, optim.lr_scheduler.LRScheduler)
        return issubclass(found, kinds) or module.startswith("reid_cosam.data.")
    name = str(getattr(found, "__name__", ""))
    return (module in _FUNCTIONS and not name.startswith("_")) or _is_listed_model(module, name)


def _is_listed_model(module: str, name: str) -> bool:
    if module.startswith("timm.models."):
        import timm

        return timm.is_model(name)
    if module.startswith("torchvision.models."):
        from torchvision.models import list_models

        return name in list_models()
    return False
