"""Which code a file may name.

What a command line names is run. A checkpoint or the folder of a run may come from elsewhere, and names
classes as well: only those of this package and of the libraries that networks are made of, and there only
parts of networks and of training, unless the command line trusts a module by its name.
"""

import inspect
import pkgutil
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reid_cosam.build.parts import TARGET

ALLOWED = ("reid_cosam", "torch", "torchvision", "timm")
_FUNCTIONS = ("reid_cosam.models.backbones", "reid_cosam.training.optimisation")


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
    for setting, target in targets(content):
        if any(target == module or target.startswith(f"{module}.") for module in trust):
            continue
        module = target.partition(".")[0]
        if module not in ALLOWED:
            raise Untrusted(
                f"{file} names {setting}={target}, which belongs to none of {', '.join(ALLOWED)}: it was "
                f"not run. If you trust that code, add 'trust=[{module}]'"
            )
        if not _is_part(target):
            raise Untrusted(
                f"{file} names {setting}={target}, which is not part of a network or of its training: it was "
                f"not run. If you trust it all the same, add 'trust=[{target}]'"
            )


def targets(content: object, setting: str = "") -> Iterator[tuple[str, str]]:
    """The full name and the value of every `_target_` in plain containers."""
    pairs: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(content, Mapping):
        pairs = iter(content.items())
    elif isinstance(content, list | tuple):
        pairs = iter(enumerate(content))
    for key, value in pairs:
        name = f"{setting}.{key}" if setting else str(key)
        if key == TARGET:
            yield name, str(value)
        else:
            yield from targets(value, name)


def modules_of(content: object) -> list[str]:
    """The top-level modules that plain containers name, but those which every file may name."""
    return sorted({target.partition(".")[0] for _, target in targets(content)} - set(ALLOWED))


def _is_part(target: str) -> bool:
    """Whether calling it makes a part: a class made for that, or a function that is listed as a model."""
    from torch import nn, optim

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
    return module in _FUNCTIONS or _is_listed_model(module, str(getattr(found, "__name__", "")))


def _is_listed_model(module: str, name: str) -> bool:
    if module.startswith("timm.models."):
        import timm

        return timm.is_model(name)
    if module.startswith("torchvision.models."):
        from torchvision.models import list_models

        return name in list_models()
    return False
