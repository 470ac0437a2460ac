"""What a run prints before it starts."""

import logging

import pytest

from reid_cosam.training.announcement import announce_time
from reid_cosam.training.pace import Pace


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
