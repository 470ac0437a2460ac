"""The network of a run, read from its configuration."""

import pytest

from reid_cosam.results.run_settings import NetworkSpec, network_of, placement
from tests.test_settings import settings


def test_a_network_is_read_from_the_settings_of_a_run() -> None:
    config = settings("data=mars", "agg=ta", "num_frames=8", "cosam=[3,5]").model_dump(mode="json")

    found = network_of(config)

    assert found == NetworkSpec("se_resnet50", "ta", (3, 5), 8, 256, 128, 2)
    assert str(found) == "se_resnet50 cosam=[3,5] ta N=8 (256x128, stride 2)"


def test_settings_of_something_else_are_no_network() -> None:
    with pytest.raises(KeyError, match="backbone"):
        network_of({"lr": 1})


def test_a_placement_is_written_as_on_the_command_line() -> None:
    assert [placement(blocks) for blocks in ((), (4,), (4, 5))] == ["[]", "[4]", "[4,5]"]
