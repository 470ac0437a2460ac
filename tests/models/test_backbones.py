import copy
from functools import cache

import pytest
import torch
from timm.layers.blur_pool import BlurPool2d
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn

from reid_cosam.models import backbones
from reid_cosam.models.backbones import WEIGHTS, Backbone, LastStride, resnet_tiny, se_resnet_tiny

FULL = ["resnet50", "se_resnet50"]
NAMES = [*FULL, "resnet_tiny", "se_resnet_tiny"]


def _make(name: str, pretrained: bool, last_stride: LastStride) -> Backbone:
    backbone: Backbone = getattr(backbones, name)(pretrained, last_stride)
    return backbone


@cache
def _on_meta(name: str, last_stride: LastStride) -> Backbone:
    """Shapes without numbers: the device computes nothing."""
    with torch.device("meta"):
        return _make(name, False, last_stride).eval()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("last_stride", [1, 2])
@pytest.mark.parametrize("size", [(256, 128), (128, 64), (224, 112), (100, 52), (127, 65)])
def test_stages_return_the_maps_they_promise(
    name: str, last_stride: LastStride, size: tuple[int, int]
) -> None:
    backbone = _on_meta(name, last_stride)
    maps = torch.empty(2, 3, *size, device="meta")

    for number, stage in enumerate(backbone.stages, start=1):
        maps = stage(maps)
        assert maps.shape == (2, backbone.channels[number - 1], *backbone.map_size(number, *size))
    assert number == 5


@pytest.mark.parametrize("name", NAMES)
def test_the_last_stride_decides_the_last_map(name: str) -> None:
    # the released code's maps for TP and RNN, and for TA
    assert _on_meta(name, last_stride=1).map_size(5, 256, 128) == (16, 8)
    assert _on_meta(name, last_stride=2).map_size(5, 256, 128) == (8, 4)


@pytest.mark.parametrize("name", FULL)
def test_channels_of_the_full_networks(name: str) -> None:
    assert _on_meta(name, 1).channels == (64, 256, 512, 1024, 2048)


def test_the_last_stride_changes_no_weight() -> None:
    names = {stride: list(_on_meta("se_resnet50", stride).state_dict()) for stride in (1, 2)}

    assert names[1] == names[2]


def test_pooling_before_the_relu_changes_neither_maps_nor_gradients() -> None:
    torch.manual_seed(0)
    stem = resnet_tiny(False, 1).double().stages[0]
    assert isinstance(stem, nn.Sequential)
    convolution, norm, pool, relu = stem
    images = torch.randn(2, 3, 32, 16, dtype=torch.float64)
    weights = list(stem.parameters())

    usual = pool(relu(norm(convolution(images)).clone()))
    expected = torch.autograd.grad(usual.square().sum(), weights)
    found = torch.autograd.grad(stem(images).square().sum(), weights)

    torch.testing.assert_close(stem(images), usual, rtol=0, atol=0)
    torch.testing.assert_close(found, expected)


def test_forward_runs_all_stages() -> None:
    torch.manual_seed(0)
    backbone = se_resnet_tiny(False, 1).eval()
    images = torch.randn(2, 3, 64, 32)

    by_hand = images
    for stage in backbone.stages:
        by_hand = stage(by_hand)

    assert by_hand.shape == (2, 256, 4, 2)
    torch.testing.assert_close(backbone(images), by_hand, rtol=0, atol=0)


def test_the_tiny_networks_differ_in_squeeze_and_excitation_only() -> None:
    plain, gated = (set(make(False, 2).state_dict()) for make in (resnet_tiny, se_resnet_tiny))

    gates = {name for name in gated if ".se." in name and name.endswith("weight")}
    assert len({name.split(".")[1] for name in gates}) == 4
    assert plain == {name for name in gated if ".se." not in name}
    assert sum(parameter.numel() for parameter in se_resnet_tiny(False, 2).parameters()) < 2e6


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize("last_stride", [0, 3])
def test_other_last_strides_are_refused(last_stride: int) -> None:
    with pytest.raises(ValueError, match=f"last_stride must be 1 or 2, got {last_stride}"):
        se_resnet_tiny(False, last_stride)  # type: ignore[arg-type]


def _halving(channels: int, outputs: int) -> nn.Module:
    return nn.Conv2d(channels, outputs, 3, stride=2, padding=1)


def _backbone(last: nn.Module, last_stride: LastStride, channels: int = 7) -> Backbone:
    """A backbone of other people's: blocks of 3 to 7 channels, which halve their maps."""
    blocks = [_halving(number, number + 1) for number in (3, 4, 5, 6)]
    return Backbone([*blocks, last], (4, 5, 6, 7, channels), last_stride)


def test_maps_of_other_peoples_backbones_are_measured() -> None:
    valid = nn.Conv2d(7, 7, 3)  # without padding: less a row and a column on either side

    backbone = _backbone(valid, last_stride=2).train()

    assert [backbone.map_size(stage, 256, 127) for stage in (1, 4, 5)] == [(128, 64), (16, 8), (14, 6)]
    assert backbone.training


def test_measuring_changes_neither_statistics_nor_random_numbers() -> None:
    backbone = _backbone(nn.Sequential(nn.BatchNorm2d(7), nn.Dropout(0.5)), last_stride=2)
    before, state = torch.get_rng_state(), copy.deepcopy(backbone.state_dict())

    backbone.map_size(5, 64, 32)

    assert torch.equal(torch.get_rng_state(), before)
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, state[name])


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
def test_blocks_that_cannot_be_copied_are_measured_too() -> None:
    last = nn.Sequential(nn.utils.weight_norm(_halving(7, 7)), nn.BatchNorm2d(7), nn.BatchNorm2d(7).eval())
    backbone = _backbone(last, last_stride=2)
    state = copy.deepcopy(dict(backbone.state_dict()))

    assert backbone.map_size(5, 64, 32) == (2, 1)

    assert [layer.training for layer in last.children()] == [True, True, False]
    assert all(torch.equal(value, state[name]) for name, value in backbone.state_dict().items())


def test_a_stage_that_breaks_its_promise_is_named() -> None:
    with pytest.raises(ValueError, match=r"block 5 .*returns \[1, 7, 2, 1\] .*expected \[1, 9, "):
        _backbone(_halving(7, 7), 2, channels=9).map_size(1, 64, 32)
    with pytest.raises(ValueError, match=r"block 5 .*cannot take images of 64 x 32 pixels: .* too small$"):
        _backbone(nn.MaxPool2d(9), 2).map_size(1, 64, 32)
    with pytest.raises(ValueError, match=r"images of 84 x 40 .* by 32, such as 96 x 32$"):
        _backbone(nn.MaxPool2d(9), 2).map_size(1, 84, 40)
    with pytest.raises(ValueError, match="five stages, each with its channels; got 1 and 2"):
        Backbone([nn.Identity()], (3, 3))


def test_the_stride_is_taken_out_of_convolutions() -> None:
    shortcut = nn.Sequential(nn.Conv2d(7, 7, 1, stride=2), nn.BatchNorm2d(7))
    last = nn.Sequential(shortcut, nn.Conv2d(7, 7, 3, padding=1))

    assert _backbone(copy.deepcopy(last), last_stride=2).map_size(5, 64, 32) == (2, 1)
    assert _backbone(last, last_stride=1).map_size(5, 64, 32) == (4, 2)


@pytest.mark.parametrize(
    "layer",
    [
        nn.AvgPool2d(2),
        nn.MaxPool2d(3, stride=2, padding=1),
        BlurPool2d(7),
        nn.Conv2d(7, 7, 3, stride=2, padding=2, dilation=2),
        Conv2dSame(7, 7, 3, stride=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_strides_than_of_plain_convolutions_are_refused(layer: nn.Module) -> None:
    assert _backbone(nn.Sequential(nn.ReLU(), layer), last_stride=2).map_size(5, 64, 32) == (2, 1)

    with pytest.raises(ValueError, match=r"(?s)layer 1 of CNN block 5 is .*last_stride=2"):
        _backbone(nn.Sequential(nn.ReLU(), layer), last_stride=1)


class _Skipping(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps[:, :, ::2, ::2]


@pytest.mark.parametrize("last", [_Skipping(), nn.Conv2d(7, 7, 2, stride=2)], ids=["code", "kernel"])
def test_a_stride_that_no_layer_shows_is_found_by_the_maps(last: nn.Module) -> None:
    backbone = _backbone(last, last_stride=1)

    with pytest.raises(ValueError, match=r"last_stride=1, but .*last_stride=2"):
        backbone.map_size(5, 64, 32)


@pytest.mark.parametrize("larger", FULL)
def test_the_tiny_networks_have_no_pretrained_weights(larger: str) -> None:
    tiny = larger.replace("50", "_tiny")

    with pytest.raises(ValueError, match=rf"^pretrained must be False: {tiny} .*{larger}"):
        _make(tiny, True, 1)


def test_weights_are_fetched_over_https_with_a_hash() -> None:
    assert set(WEIGHTS) == set(FULL)
    for weights in WEIGHTS.values():
        assert weights.url.startswith("https://")
        # both publishers put the first digits of the hash into the name
        assert weights.url.endswith(f"-{weights.sha256[:8]}.pth")


@pytest.mark.parametrize("name", FULL)
def test_pretrained_weights_are_loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    asked = []

    def recorded(weights: object) -> dict[str, torch.Tensor]:
        asked.append(weights)
        return {"no such entry": torch.zeros(1)}

    monkeypatch.setattr("reid_cosam.models.backbones.load_weights", recorded)

    with torch.device("meta"), pytest.raises(RuntimeError, match="no such entry"):
        _make(name, True, 1)
    assert asked == [WEIGHTS[name]]
