"""What a run prints before it starts, and the pace that it estimates for that without a trace."""

import logging
from types import SimpleNamespace

import pytest
import torch

from reid_cosam import build
from reid_cosam.models.network import VideoReidNet
from reid_cosam.training import announcement
from reid_cosam.training.announcement import Pace, announce_time, measure_pace
from tests.test_settings import settings


@pytest.mark.parametrize(
    ("iterations", "small", "advised"), [(600, False, True), (500, False, False), (600, True, False)]
)
def test_the_quick_start_is_advised_for_long_runs_unless_they_are_small_already(
    iterations: int, small: bool, advised: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        announce_time(Pace(iteration=1.0, snippet=0.1), iterations, 10, small)  # 1 s for the evaluation

    assert f"{iterations} iterations at about 1.0 s" in caplog.text
    assert ("experiment=quickstart" in caplog.text) == advised


@pytest.fixture
def network() -> VideoReidNet:
    chosen = settings("experiment=quickstart", "data.height=64", "data.width=32")
    return build.make_network(chosen, num_identities=3)


def test_the_second_pass_counts_for_the_whole_batch(
    network: VideoReidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter((10.0, 13.0, 20.0, 21.0))
    monkeypatch.setattr(announcement, "time", SimpleNamespace(perf_counter=lambda: next(readings)))

    # Two clips took 3 s to train on, so 32 take 16 times as long; and 1 s to describe, so one takes half.
    assert measure_pace(network, 32, 4, 64, 32, bf16=False) == (48.0, 0.5)


def test_short_passes_are_repeated_on_more_clips(
    network: VideoReidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter((0.0, 0.125, 1.0, 1.5, 2.0, 2.25, 3.0, 3.25))
    monkeypatch.setattr(announcement, "time", SimpleNamespace(perf_counter=lambda: next(readings)))

    # Training 2 clips takes 1/8 s, too short, 4 clips 1/2 s; describing 2, then all 4, takes 1/4 s.
    assert measure_pace(network, 4, 4, 64, 32, bf16=False) == (0.5, 0.0625)


def test_very_short_passes_are_followed_by_one_on_as_many_clips_as_fill_the_time(
    network: VideoReidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter((0.0, 1 / 32, 1.0, 1.5, 2.0, 2.5))
    monkeypatch.setattr(announcement, "time", SimpleNamespace(perf_counter=lambda: next(readings)))

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
