import pytest
import torch

from reid_cosam.models.aggregators import Aggregator, TemporalAttention, TemporalAveragePooling, TemporalRnn
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.released import aggregator_state_dict, cosam_state_dict
from tests.models import golden


def test_every_entry_of_a_layer_has_a_released_name() -> None:
    released = golden.state("cosam_small")

    ours = cosam_state_dict(released)

    layer = Cosam(8, 3, (4, 2), 64, variant="released")
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in layer.state_dict().items()
    }
    assert ours["mask_head.1.running_mean"] is released["spatial_mask_summary.1.running_mean"]
    assert ours["channel_mlp.2.bias"] is released["channelwise_attention.2.bias"]


@pytest.mark.parametrize(
    ("names", "aggregator"),
    [
        ([], TemporalAveragePooling(5)),
        (
            [f"attention_{layer}.{kind}" for layer in ("conv", "tconv") for kind in ("weight", "bias")],
            TemporalAttention(5, (2, 2)),
        ),
        (
            ["lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "lstm.bias_hh_l0"],
            TemporalRnn(5),
        ),
    ],
    ids=["tp_avg", "ta", "rnn"],
)
def test_names_of_the_aggregators(names: list[str], aggregator: Aggregator) -> None:
    ours = aggregator_state_dict({name: torch.zeros(1) for name in names})

    assert list(ours) == list(aggregator.state_dict())


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'layer1\.weight' is no entry of a released COSAM layer"):
        cosam_state_dict({"layer1.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"'fc\.bias' is no entry of a released aggregator"):
        aggregator_state_dict({"fc.bias": torch.zeros(1)})
