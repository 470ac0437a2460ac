"""Logging that never ends training: a failure is reported in one line, and the run continues without it."""

import logging
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pytorch_lightning.loggers import Logger, TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only

Outcome = Literal["finished", "failed", "interrupted"]

_log = logging.getLogger(__name__)


class GuardedLogger(Logger):
    """Passes on what training logs until the first failure, such as a full disk.

    Attributes:
        logger: the one that it guards.
    """

    def __init__(self, logger: Logger, record: Path) -> None:
        """`record` is the file or the folder that the logger writes."""
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
            _log.warning("%s", self._give_up(error))

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

    def log_summary(self, metrics: Mapping[str, Any], pictures: Mapping[str, Path]) -> None:  # noqa: ARG002
        """Final scores and pictures, as far as the logger can display them."""
        if isinstance(self.logger, TensorBoardLogger):
            for name, path in pictures.items():
                picture = np.asarray(Image.open(path).convert("RGB"))
                self.logger.experiment.add_image(name, picture, dataformats="HWC")

    def _call(self, call: Callable[[], object]) -> None:
        call()

    def _give_up(self, error: Exception) -> str:
        """Cleans up after a failure; returns the message for the log."""
        with suppress(OSError):
            # A full disk cuts a line of curves anywhere, and half a number is another number.
            if self._record.is_file():
                with self._record.open("rb+") as file:
                    file.truncate(file.read().rfind(b"\n") + 1)
        return f"{self._record} ends here ({reason(error)}); the run continues without it"


def log_summary(loggers: Iterable[Logger], metrics: Mapping[str, Any], pictures: Mapping[str, Path]) -> None:
    """Final scores and pictures, in every logger that can display them."""
    for logger in loggers:
        if isinstance(logger, GuardedLogger):
            logger.attempt(partial(logger.log_summary, metrics, pictures))


def reason(error: BaseException) -> str:
    """The first line of an error's message, or its type."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
