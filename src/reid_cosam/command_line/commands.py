"""One way to run a command: compose its configuration, check it, and say in one line what a user can mend."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import hydra
import hydra._internal.hydra as hydra_application
import hydra._internal.utils as hydra_utils
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException, HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from reid_cosam import interruption
from reid_cosam.command_line.arguments import unreadable
from reid_cosam.command_line.output import never_fail_to_print
from reid_cosam.command_line.trust import CheckedConfigLoader
from reid_cosam.paths import CONF

Errors: TypeAlias = tuple[type[Exception], ...]
# Does the work of one job of a sweep: its folder, the work, and the errors that a user can mend.
Attempt: TypeAlias = Callable[[Path, Callable[[], Any], Errors], None]

_MENDABLE: Errors = (ValueError, OSError, RuntimeError)
_OF_HYDRA: Errors = (HydraException, OmegaConfBaseException)


def command(
    name: str, also_mendable: Errors = (), attempt: Attempt | None = None
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Makes a function of a composed configuration the command that composes `name` from the command line.

    The command raises SystemExit for what a user can mend: `error: ...` in one line, exit status 1. With
    HYDRA_FULL_ERROR=1 the error itself goes on instead, with its origin.

    Args:
        also_mendable: errors that a user can mend, beside the usual ones.
        attempt: what calls the function in a sweep (`-m`), whose other jobs are to run when one fails.
    """
    mendable = _MENDABLE + also_mendable

    def decorate(function: Callable[[DictConfig], Any]) -> Callable[[], None]:
        @wraps(function)
        def job(config: DictConfig) -> None:
            interruption.handle()  # a launcher may have started this process for the job
            if attempt is not None and HydraConfig.get().mode == RunMode.MULTIRUN:
                attempt(Path(HydraConfig.get().runtime.output_dir), lambda: function(config), mendable)
                return
            with exits_with_one_line(mendable):
                function(config)

        composed = hydra.main(version_base="1.3", config_path=str(CONF), config_name=name)(job)

        @wraps(function)
        def main() -> None:
            never_fail_to_print()
            _refuse_pickles(sys.argv[1:])
            interruption.handle()
            with exits_with_one_line(_MENDABLE), _checked_and_unreported():
                composed()

        return main

    return decorate


@contextmanager
def exits_with_one_line(mendable: Errors = _MENDABLE) -> Iterator[None]:
    """Raises SystemExit with `error: ...` for what Hydra refuses, and `mendable` errors with a message."""
    try:
        yield
    except interruption.Interrupted as signal:
        if not signal.explained:
            print(f"interrupted by {signal.name}", file=sys.stderr)
            signal.explained = True
        raise
    except mendable + _OF_HYDRA as error:
        if os.environ.get("HYDRA_FULL_ERROR") or not (text := _sentence(error)):
            raise
        raise SystemExit(f"error: {text}") from None


def _sentence(error: Exception) -> str:
    if isinstance(error, OverrideParseException):
        return unreadable(error.override)
    said = [str(error)]
    if isinstance(error, CompactHydraException) and isinstance(error.__cause__, OmegaConfBaseException):
        said.append(str(error.__cause__))  # Hydra leaves the reason to it
    return "\n".join(filter(None, said))


def _refuse_pickles(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if argument.startswith("--e"):
            raise SystemExit(
                f"error: {argument}: a pickled configuration can run any code when it is read; "
                "repeat a run with -cp RUN/.hydra -cn config"
            )


@contextmanager
def _checked_and_unreported() -> Iterator[None]:
    """Lets `hydra.main` compose through our loader, and raise its errors instead of printing them."""
    with (
        _replaced(hydra_application, "ConfigLoaderImpl", CheckedConfigLoader),
        _replaced(hydra_utils, "run_and_report", lambda work: work()),
    ):
        yield


@contextmanager
def _replaced(module: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
