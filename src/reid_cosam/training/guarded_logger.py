"""Logging that never ends training: what fails is said in one line, and the run goes on without it."""

import logging
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

Outcome = Literal["finished", "failed", "interrupted"]

_log = logging.getLogger(__name__)


class GuardedLogger(Logger):
    """Passes on what training logs until the first failure, such as a full disk.

    Attributes:
        logger: the one that it guards.
    """

    def __init__(self, logger: Logger, record: Path) -> None:
        """`record` is the file or the folder that ends where the logger fails."""
        super().__init__()
        self.logger = logger
        self._record = record
        self._ended = False

    @property
    def name(self) -> str | None:
        return self.logger.name

    @property
    def version(self) -> int | str | None:
        return self.logger.version

    @rank_zero_only
    def attempt(self, call: Callable[[], object]) -> None:
        """Calls, unless a call failed before; only the first of several processes has something to log."""
        if self._ended:
            return
        try:
            self._call(call)
        except Exception as error:
            self._ended = True
            _log.warning("%s", self._given_up(error))

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.attempt(lambda: self.logger.log_metrics(dict(metrics), step))

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        self.attempt(lambda: self.logger.log_hyperparams(params, *args, **kwargs))

    def save(self) -> None:
        self.attempt(self.logger.save)

    def finalize(self, status: str) -> None:
        self.attempt(lambda: self.logger.finalize(status))

    def finish(self, outcome: Outcome) -> None:
        """Ends the record of a run."""
        self.finalize("success" if outcome == "finished" else "failed")

    def _call(self, call: Callable[[], object]) -> None:
        call()

    def _given_up(self, error: Exception) -> str:
        """Leaves behind what failed; returns what to say of it."""
        with suppress(OSError):
            _drop_torn_line(self._record)
        return f"{self._record} ends here ({reason(error)}); the run goes on without it"


def reason(error: BaseException) -> str:
    """The first line of what an error says, or its type."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _drop_torn_line(path: Path) -> None:
    """A full disk cuts a line of curves anywhere, and half a number is another number."""
    if path.is_file():
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
