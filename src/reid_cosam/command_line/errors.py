"""User errors in one line, without a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from hydra.errors import (
    CompactHydraException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from reid_cosam import interruption
from reid_cosam.command_line.arguments import no_such_choice, unknown, unreadable

USER_ERRORS: tuple[type[Exception], ...] = (ValueError, OSError, RuntimeError, ImportError)
"""What a user can do something about: settings, data, files, packages that are not installed."""

_OF_HYDRA = (HydraException, OmegaConfBaseException, yaml.YAMLError)
_FOREIGN = (("wandb", "Error"), ("pytorch_lightning.utilities.exceptions", "MisconfigurationException"))


@contextmanager
def exits_with_one_line() -> Iterator[None]:
    """Raises SystemExit with `error: ...` for what Hydra refuses, and for `USER_ERRORS` with a message."""
    try:
        yield
    except interruption.Interrupted as signal:
        if not signal.explained:
            print(f"interrupted by {signal.name}", file=sys.stderr)
            signal.explained = True
        raise
    except USER_ERRORS + _OF_HYDRA as error:
        if os.environ.get("HYDRA_FULL_ERROR") or not (text := _sentence(error)):
            raise
        raise SystemExit(f"error: {text}") from None


@contextmanager
def foreign_errors_as_ours() -> Iterator[None]:
    """Raises user errors of W&B and Lightning as RuntimeError. Neither library is imported for that."""
    try:
        yield
    except Exception as error:
        for module, name in _FOREIGN:
            kind = getattr(sys.modules.get(module), name, None)
            if kind is not None and isinstance(error, kind):
                raise RuntimeError(str(error)) from error
        raise


def _sentence(error: Exception) -> str:
    if isinstance(error, OverrideParseException):
        return unreadable(error.override)
    if isinstance(error, MissingConfigException):
        if error.missing_cfg_file and error.options:
            return no_such_choice(error.missing_cfg_file, error.options, str(error))
        first, *_ = str(error).splitlines()
        return f"{first} --info searchpath shows where it was looked for"
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark) is not None:
        return f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: not YAML: {error.problem}"
    if isinstance(error, yaml.YAMLError):
        return " ".join(str(error).split())
    cause = error.__cause__
    if isinstance(error, CompactHydraException) and isinstance(cause, OmegaConfBaseException):
        if isinstance(cause, ConfigAttributeError | ConfigKeyError) and cause.parent_node is not None:
            return unknown(str(cause.full_key), cause.parent_node)
        return "\n".join(filter(None, (str(error), str(cause))))  # Hydra leaves the reason to it
    return str(error)
