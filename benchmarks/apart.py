"""A reference in a process of its own, which keeps what this one changes for itself.

On a CPU the product tells the C library to keep memory from step to step. In the same process the reference
would gain by it, and not be measured as it runs.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import torch

_SPINS, _DEFAULT_SPINS = "GOMP_SPINCOUNT", "300000"  # of GNU's OpenMP, by its manual

Work = Mapping[str, Callable[[], Any]]


class Apart:
    """What `make` returns there, by name: `apart("step", 3)` runs it there three times, and waits.

    `make` and results cross between processes, so they must be picklable.
    """

    def __init__(self, make: Callable[[], Work], threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, threads))
        with _waiting_by_default():
            self._process.start()
        theirs.close()
        self._answer()

    def __call__(self, name: str, times: int = 1) -> Any:
        """The last result."""
        self._ours.send((name, times))
        return self._answer()

    def _answer(self) -> Any:
        try:
            result = self._ours.recv()
        except EOFError:
            raise RuntimeError("the reference's process ended; its error stands above") from None
        return result

    def __enter__(self) -> "Apart":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.close()  # which ends it
        self._process.join(timeout=10)
        self._process.kill()


@contextmanager
def _waiting_by_default() -> Iterator[None]:
    """The product's choice of how threads wait must not reach the new process through its environment."""
    before = os.environ.get(_SPINS)
    os.environ[_SPINS] = _DEFAULT_SPINS  # goes before OMP_WAIT_POLICY
    try:
        yield
    finally:
        os.environ.pop(_SPINS)
        if before is not None:
            os.environ[_SPINS] = before


def _serve(connection: Connection, make: Callable[[], Work], threads: int) -> None:
    torch.set_num_threads(threads)
    work = make()
    connection.send("ready")
    while True:
        try:
            name, times = connection.recv()
        except EOFError:
            return
        result = None
        for _ in range(times):
            result = work[name]()
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        connection.send(result)
