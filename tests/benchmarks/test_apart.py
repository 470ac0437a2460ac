"""A reference in another process."""

import os
from functools import partial

import pytest
import torch
from benchmarks.harness.apart import Apart, Work


def count_up(start: int) -> Work:
    numbers = iter(range(start, start + 10))
    return {"next": lambda: next(numbers), "process": os.getpid, "threads": torch.get_num_threads}


def test_its_work_runs_there_and_keeps_its_state() -> None:
    with Apart(partial(count_up, 5), threads=1) as apart:
        assert (apart("next"), apart("next"), apart("next", 3)) == (5, 6, 9)
        assert apart("process") != os.getpid()
        assert apart("threads") == 1


def test_an_error_there_is_an_error_here(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(RuntimeError, match="the reference's process ended"),
        Apart(partial(count_up, 5), threads=1) as apart,
    ):
        apart("no such work")
    assert "KeyError" in capfd.readouterr().err
