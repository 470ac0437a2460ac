"""Runs a command inside the test's process, as `python -m` does."""

import io
import logging
import sys
import weakref
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from reid_cosam import interruption


def call(main: Callable[[], object], folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `main`, the command, called in `folder` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.delenv("HYDRA_FULL_ERROR", raising=False)
        patch.setattr(sys, "argv", ["command", *arguments])
        patch.setattr(interruption, "handle", lambda: None)  # signals are the test runner's
        patch.setattr(logging, "shutdown", _close_files)  # so are streams: the handler of absl closes them
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    if isinstance(code, int):
        return code, out.getvalue(), err.getvalue()
    return 1, out.getvalue(), f"{err.getvalue()}{code}"  # what Python prints of an exit with a message


def _close_files(handlers: Iterable[weakref.ref[logging.Handler]] = ()) -> None:
    for handler in [reference() for reference in handlers]:
        if isinstance(handler, logging.FileHandler):
            handler.close()
