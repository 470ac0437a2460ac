import pytest
import torch

from reid_cosam.models import backbones
from reid_cosam.models.aggregators import TemporalRnn
from reid_cosam.models.network import VideoReidNet
from reid_cosam.models.released_names import attention_prefix, renamed, under_released_names


def test_the_beginning_of_a_name_is_exchanged() -> None:
    one, other = torch.zeros(1), torch.ones(1)

    found = renamed({"a.weight": one, "b.a.bias": other}, {"a.": "x.", "b.": ""}, "layer")

    assert list(found.items()) == [("x.weight", one), ("a.bias", other)]


def test_an_unknown_name_is_given_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"^'c' is no entry of a released layer; .* \['a\.', 'b\.'\]$"):
        renamed({"a.weight": torch.zeros(1), "c": torch.zeros(1)}, {"a.": "x.", "b.": "y."}, "layer")


def test_attention_modules_count_from_another_block_in_each_backbone() -> None:
    assert attention_prefix("se_resnet50", 4) == "attention_modules.attention_modules.3."
    assert attention_prefix("resnet50", 4) == "attention_modules.attention_modules.2."


def test_entries_keep_their_tensors_under_released_names() -> None:
    with torch.device("meta"):
        network = VideoReidNet(backbones.resnet50(False, 1), {}, TemporalRnn(2048), 3)

    named = under_released_names(network, "resnet50")

    ours = network.state_dict()
    assert len(named) == len(ours)
    for theirs, name in (
        ("base.1.bias", "backbone.stages.0.1.bias"),
        ("base.4.0.conv1.weight", "backbone.stages.1.0.conv1.weight"),
        ("aggregation.lstm.bias_hh_l0", "aggregator.lstm.bias_hh_l0"),
        ("classifier.weight", "classifier.weight"),
    ):
        assert named[theirs].shape == ours[name].shape
