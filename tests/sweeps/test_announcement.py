"""What a run says before it starts."""

import logging
from unittest.mock import Mock

import pytest

from reid_cosam.models.network import VideoReidNet
from reid_cosam.sweeps import announcement
from reid_cosam.training.pace import Pace
from tests.test_settings import settings


@pytest.mark.parametrize(
    ("overrides", "advised"),
    [((), True), (("experiment=quickstart",), False), (("experiment=quickstart", "data.size=full"), True)],
)
def test_the_quick_start_is_advised_to_those_who_do_not_run_it(
    overrides: tuple[str, ...],
    advised: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(announcement, "measure_pace", lambda *_: Pace(100.0, 1.0))

    with caplog.at_level(logging.INFO):
        announcement._announce_time(settings(*overrides), Mock(spec=VideoReidNet), 10, 0)

    assert ("experiment=quickstart" in caplog.text) == advised
