"""Work in a process of its own, so that what this process changes for itself does not reach it.

On a CPU the product makes the C library keep memory from step to step. In the same process the reference
would gain by it, and not be measured as it runs.
"""

import multiprocessing
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

_SPINS, _DEFAULT_SPINS = "GOMP_SPINCOUNT", "300000"  # of GNU's OpenMP, by its manual

Work = Mapping[str, Callable[[], Any]]


def in_a_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a call of the function returns in a fresh process; both must be picklable."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def resident_peak() -> int:
    """Peak resident bytes since this process started; `ru_maxrss` would begin with its parent's."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


class Apart:
    """The work that `make` returns, in another process: `apart("step", 3)` does it three times, and waits.

    `make` and results cross between processes, so they must be picklable.
    """

    def __init__(self, make: Callable[[], Work], threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, make, threads))
        with _default_spins():
            self._process.start()
        other.close()
        self._answer()

    def __call__(self, name: str, times: int = 1) -> Any:
        """The last result."""
        self._connection.send((name, times))
        return self._answer()

    def _answer(self) -> Any:
        try:
            return self._connection.recv()
        except EOFError:
            raise RuntimeError("the reference's process ended; its error stands above") from None

    def __enter__(self) -> "Apart":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()  # which ends the process
        self._process.join(timeout=10)
        self._process.kill()


@contextmanager
def _default_spins() -> Iterator[None]:
    """Keeps the product's choice of how threads wait out of the new process' environment."""
    before = os.environ.get(_SPINS)
    os.environ[_SPINS] = _DEFAULT_SPINS  # takes precedence over OMP_WAIT_POLICY
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
