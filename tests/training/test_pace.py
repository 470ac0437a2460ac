"""The recorded pace of a run, and the one estimated before training, without a trace."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from reid_cosam import build
from reid_cosam.models.network import VideoReidNet
from reid_cosam.training import pace
from reid_cosam.training.pace import MeasuredPace, PaceRecord, measure_pace, read_pace
from tests.test_settings import settings

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


@pytest.fixture
def network() -> VideoReidNet:
    chosen = settings("experiment=quickstart", "data.height=64", "data.width=32")
    return build.make_network(chosen, num_identities=3)


def test_the_second_pass_counts_for_the_whole_batch(
    network: VideoReidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter((10.0, 13.0, 20.0, 21.0))
    monkeypatch.setattr(pace, "time", SimpleNamespace(perf_counter=lambda: next(readings)))

    # Two clips took 3 s to train on, so 32 take 16 times as long; and 1 s to describe, so one takes half.
    assert measure_pace(network, 32, 4, 64, 32, bf16=False) == (48.0, 0.5)


def test_short_passes_are_repeated_on_more_clips(
    network: VideoReidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter((0.0, 0.125, 1.0, 1.5, 2.0, 2.25, 3.0, 3.25))
    monkeypatch.setattr(pace, "time", SimpleNamespace(perf_counter=lambda: next(readings)))

    # Training 2 clips takes 1/8 s, too short, 4 clips 1/2 s; describing 2, then all 4, takes 1/4 s.
    assert measure_pace(network, 4, 4, 64, 32, bf16=False) == (0.5, 0.0625)


def test_very_short_passes_are_followed_by_one_on_as_many_clips_as_fill_the_time(
    network: VideoReidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter((0.0, 1 / 32, 1.0, 1.5, 2.0, 2.5))
    monkeypatch.setattr(pace, "time", SimpleNamespace(perf_counter=lambda: next(readings)))

    # Training 2 clips takes 1/32 s, so 16 would take 1/4 s; they take 1/2 s, and 32 twice that.
    assert measure_pace(network, 32, 4, 64, 32, bf16=False) == (1.0, 0.25)


def test_network_and_random_numbers_stay_untouched(network: VideoReidNet) -> None:
    network.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random_state = torch.get_rng_state()

    measure_pace(network, 32, 4, 64, 32, bf16=False)

    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not network.training
