"""A handful of rendered walkers, and the promise that no process outlives its command."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.commands import processes_in
from tests.support.commands import render_walkers


@pytest.fixture(scope="session")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for `data.root=...`."""
    return render_walkers(tmp_path_factory.mktemp("walkers"))


@pytest.fixture(autouse=True)
def leaves_no_process(tmp_path: Path) -> Iterator[None]:
    yield
    deadline = time.monotonic() + 20
    while (left := processes_in(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in left:
        process.kill()
    assert not left
