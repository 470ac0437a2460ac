"""The recorded pace of a run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from reid_cosam.training.pace import MeasuredPace, PaceRecord, read_pace

MODULE: Any = SimpleNamespace(device=torch.device("cpu"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("reid_cosam.training.pace.time.monotonic", lambda: now[0])
    return now


def test_iterations_and_evaluations_are_measured_apart(clock: list[float], tmp_path: Path) -> None:
    record = PaceRecord(tmp_path)
    clock[0] = 100  # the first iteration pays for more than itself
    record.on_train_batch_end()
    for seconds in (2, 4):
        clock[0] += seconds
        record.on_train_batch_end()
    record.on_validation_start()
    clock[0] += 30
    record.on_validation_end(None, MODULE)
    clock[0] += 3
    record.on_train_batch_end()

    record.on_save_checkpoint(None, MODULE, {})

    assert read_pace(tmp_path) == MeasuredPace(iteration=3.0, evaluation=30.0, device="cpu")


def test_a_run_without_an_evaluation_knows_its_iterations(clock: list[float], tmp_path: Path) -> None:
    record = PaceRecord(tmp_path)
    for _ in range(3):
        clock[0] += 2
        record.on_train_batch_end()

    record.on_save_checkpoint(None, MODULE, {})

    assert read_pace(tmp_path) == MeasuredPace(2.0, None, "cpu")


def test_a_run_of_one_iteration_measured_nothing(tmp_path: Path) -> None:
    record = PaceRecord(tmp_path)
    record.on_train_batch_end()

    record.on_save_checkpoint(None, MODULE, {})

    assert read_pace(tmp_path) is None
