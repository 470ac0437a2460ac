import pytest
import torch

from reid_cosam.models.aggregators import Aggregator, TemporalAttention, TemporalAveragePooling, TemporalRnn
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.released import (
    ReleasedLayout,
    aggregator_state_dict,
    cosam_state_dict,
    network_from_released,
    released_layout,
)
from tests.models import golden

MASK_HEAD = "attention_modules.attention_modules.{}.spatial_mask_summary.0.weight"


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


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("se_resnet50_cosam45_tp", ReleasedLayout("se_resnet50", (4, 5), "tp_avg", 1, 4, 10)),
        ("resnet50_cosam45_tp", ReleasedLayout("resnet50", (4, 5), "tp_avg", 1, 4, 10)),
        ("resnet50_cosam45_ta", ReleasedLayout("resnet50", (4, 5), "ta", 2, 4, 10)),
        ("se_resnet50_cosam45_rnn", ReleasedLayout("se_resnet50", (4, 5), "rnn", 1, 2, 10)),
    ],
)
def test_the_layout_is_read_off_names_and_shapes(name: str, layout: ReleasedLayout) -> None:
    state = golden.blank(golden.network_shapes(name))

    assert released_layout(state) == layout


def _without_module(shapes: golden.Shapes, index: int) -> golden.Shapes:
    prefix = f"attention_modules.attention_modules.{index}."
    return {name: shape for name, shape in shapes.items() if not name.startswith(prefix)}


def test_cosam_after_one_block_or_none() -> None:
    both = golden.network_shapes("resnet50_cosam45_ta")
    last = _without_module(both, 2)
    none = _without_module(last, 3)

    only_last, without = (released_layout(golden.blank(shapes)) for shapes in (last, none))

    assert (only_last.cosam, only_last.num_frames) == ((5,), 4)
    assert (without.cosam, without.num_frames) == ((), None)
    assert network_from_released(golden.blank(none)).attention.keys() == set()


def test_cosam_after_the_narrow_first_block() -> None:
    after_five = "attention_modules.attention_modules.4."
    shapes = golden.network_shapes("se_resnet50_cosam45_tp")
    # 64 channels are reduced to 64; maps of 64 x 32; the last block's COSAM has 2048, 256 and 16 x 8
    sizes = {2048: 64, 256: 64, 3 * 16 * 8: 3 * 64 * 32}
    first = {
        name.replace(after_five, "attention_modules.attention_modules.0."): tuple(
            sizes.get(size, size) for size in shape
        )
        for name, shape in shapes.items()
        if name.startswith(after_five)
    }

    network = network_from_released(golden.blank(shapes | first))

    assert sorted(network.attention) == ["1", "4", "5"]


def test_another_clip_length_and_number_of_identities() -> None:
    heads = {MASK_HEAD.format(index): (64, 7 * 16 * 8, 1, 1) for index in (3, 4)}
    classifier = {"classifier.weight": (625, 2048), "classifier.bias": (625,)}
    state = golden.blank(golden.network_shapes("se_resnet50_cosam45_tp") | heads | classifier)

    layout = released_layout(state)

    assert (layout.num_frames, layout.num_identities) == (8, 625)


def test_the_weights_are_a_copy_and_those_of_several_gpus_are_the_same() -> None:
    state = golden.blank(golden.network_shapes("resnet50_cosam45_tp"))
    bias = torch.arange(10.0)
    parallel = {f"module.{name}": value for name, value in (state | {"classifier.bias": bias}).items()}

    network = network_from_released(parallel)
    bias += 1

    assert network.classifier.bias.tolist() == list(range(10))
    assert released_layout(parallel) == released_layout(state)


def test_missing_and_unknown_entries_are_named() -> None:
    state = golden.blank(golden.network_shapes("resnet50_cosam45_tp"))
    del state["classifier.bias"], state["base.5.0.bn1.bias"]
    state |= {f"base.9.{number}": torch.zeros(1) for number in range(7)}

    message = (
        r"not a released network: 2 missing: base\.5\.0\.bn1\.bias, classifier\.bias; "
        r"7 unknown: base\.9\.0, base\.9\.1, base\.9\.2, base\.9\.3, base\.9\.4 and 2 more$"
    )
    for read in (released_layout, network_from_released):
        with pytest.raises(ValueError, match=message):
            read(state)


def test_entries_of_another_shape_are_named() -> None:
    shapes = golden.network_shapes("resnet50_cosam45_ta")
    shapes |= {"aggregation.attention_conv.weight": (256, 2048, 16, 8), "classifier.weight": (10, 512)}

    with pytest.raises(
        ValueError,
        match=r"2 of another shape: aggregation\.attention_conv\.weight \[256, 2048, 16, 8\], "
        r"expected \[256, 2048, 8, 4\], classifier\.weight \[10, 512\], expected \[10, 2048\]$",
    ):
        network_from_released(golden.blank(shapes))


@pytest.mark.parametrize(
    ("inputs", "lengths"), [((384, 256), "4.*3"), ((384, 96), "4.*1.75"), ((100, 100), "1.78.*1.78")]
)
def test_cosam_layers_that_no_clip_length_fits(inputs: tuple[int, int], lengths: str) -> None:
    shapes = golden.network_shapes("resnet50_cosam45_tp")
    shapes |= {MASK_HEAD.format(2 + place): (64, size, 1, 1) for place, size in enumerate(inputs)}

    with pytest.raises(ValueError, match=f"no clip length fits 256 x 128 images, but N = {lengths}"):
        released_layout(golden.blank(shapes))


@pytest.mark.parametrize(
    ("names", "held"),
    [([], "it is empty"), (["backbone.stages.0.0.weight", "fc.bias"], r"2 held: backbone.*, fc\.bias")],
)
def test_something_else_is_no_released_network(names: list[str], held: str) -> None:
    with pytest.raises(ValueError, match=rf"no entry begins with base\.layer0\. .*; {held}"):
        released_layout({name: torch.zeros(1) for name in names})
