from functools import cache

import pytest
import torch
from torch import nn

from reid_cosam.models.backbones import BACKBONES, WEIGHTS, Backbone, resnet_tiny, se_resnet_tiny

FULL = ["resnet50", "se_resnet50"]


@cache
def _on_meta(name: str, last_stride: int) -> Backbone:
    """Shapes without numbers: the device computes nothing."""
    with torch.device("meta"):
        return BACKBONES[name](False, last_stride).eval()


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("last_stride", [1, 2])
@pytest.mark.parametrize("size", [(256, 128), (128, 64), (224, 112), (100, 52)])
def test_stages_return_the_maps_they_promise(name: str, last_stride: int, size: tuple[int, int]) -> None:
    backbone = _on_meta(name, last_stride)
    maps = torch.empty(2, 3, *size, device="meta")

    for number, stage in enumerate(backbone.stages, start=1):
        maps = stage(maps)
        assert maps.shape == (2, backbone.channels[number - 1], *backbone.map_size(number, *size))
    assert number == 5


@pytest.mark.parametrize("name", BACKBONES)
def test_the_last_stride_decides_the_last_map(name: str) -> None:
    # the released code's maps for TP and RNN, and for TA
    assert _on_meta(name, last_stride=1).map_size(5, 256, 128) == (16, 8)
    assert _on_meta(name, last_stride=2).map_size(5, 256, 128) == (8, 4)


@pytest.mark.parametrize("size", [(256, 126), (127, 64)])
def test_sizes_at_which_the_stems_differ_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"multiples of 4, got {size[0]} x {size[1]}"):
        _on_meta("se_resnet50", 1).map_size(1, *size)


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


@pytest.mark.parametrize("last_stride", [0, 3])
def test_other_last_strides_are_refused(last_stride: int) -> None:
    with pytest.raises(ValueError, match=f"last stage's stride must be 1 or 2, got {last_stride}"):
        se_resnet_tiny(False, last_stride)


@pytest.mark.parametrize("larger", FULL)
def test_the_tiny_networks_have_no_pretrained_weights(larger: str) -> None:
    tiny = larger.replace("50", "_tiny")

    with pytest.raises(ValueError, match=rf"^{tiny} has .*pretrained=false, or take backbone={larger}$"):
        BACKBONES[tiny](True, 1)


def test_weights_are_fetched_over_https_with_a_hash() -> None:
    assert set(WEIGHTS) == set(FULL)
    for weights in WEIGHTS.values():
        assert weights.url.startswith("https://")
        # both publishers put the first digits of the hash into the name
        assert weights.file_name.endswith(f"-{weights.sha256[:8]}.pth")


@pytest.mark.parametrize("name", FULL)
def test_pretrained_weights_are_loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    asked = []

    def recorded(weights: object) -> dict[str, torch.Tensor]:
        asked.append(weights)
        return {"no such entry": torch.zeros(1)}

    monkeypatch.setattr("reid_cosam.models.backbones.load_weights", recorded)

    with torch.device("meta"), pytest.raises(RuntimeError, match="no such entry"):
        BACKBONES[name](True, 1)
    assert asked == [WEIGHTS[name]]
