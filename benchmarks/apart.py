"""A reference in a process of its own, which keeps what this one changes for itself.

On a CPU the product tells the C library to keep memory from step to step. In the same process the reference
would gain by it, and not be measured as it runs.
"""

import multiprocessing
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import torch

Work = Mapping[str, Callable[[], Any]]


class Apart:
    """What `make` returns there, by name: `apart("step")` runs it there and waits for its result.

    `make` and results cross between processes, so they must be picklable.
    """

    def __init__(self, make: Callable[[], Work], threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, threads), daemon=True)
        self._process.start()
        theirs.close()
        self._answer()

    def __call__(self, name: str) -> Any:
        self._ours.send(name)
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
        self._ours.close()
        self._process.join(timeout=10)
        self._process.kill()


def _serve(connection: Connection, make: Callable[[], Work], threads: int) -> None:
    torch.set_num_threads(threads)
    work = make()
    connection.send("ready")
    while True:
        try:
            name = connection.recv()
        except EOFError:
            return
        result = work[name]()
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        connection.send(result)
