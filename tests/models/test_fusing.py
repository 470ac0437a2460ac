"""Networks with fused BatchNorms compute what they did before, whoever wrote their backbone."""

import logging
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.backbones import Backbone
from reid_cosam.models.fusing import FusedNetwork, fuse_conv_bn
from reid_cosam.models.network import VideoReidNet
from tests.models.test_numerics import _network, people


def _with_random_norms(network: VideoReidNet) -> VideoReidNet:
    """As after training: each BatchNorm changes its maps."""
    generator = torch.Generator().manual_seed(0)
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                if values is not None:
                    values.data.copy_(0.5 + torch.rand(values.shape, generator=generator))
    return network


def _around(*first: nn.Module, channels: int) -> VideoReidNet:
    """A network without COSAM whose block 1 is `first`."""
    stages = [nn.Sequential(*first), *(nn.Identity() for _ in range(4))]
    backbone = Backbone(stages, (channels,) * 5, last_stride=2)
    return _with_random_norms(VideoReidNet(backbone, {}, TemporalAveragePooling(channels), 2))


def _norms(network: VideoReidNet) -> int:
    return sum(isinstance(layer, nn.BatchNorm2d) for layer in network.backbone.modules())


def _assert_unchanged(network: VideoReidNet, norms_left: int) -> None:
    """The fused network gives the same descriptors, and so many BatchNorms are left in its backbone."""
    network, clips, before = network.double(), people(torch.Generator())[:2].double(), _norms(network)

    with torch.no_grad():
        fused = fuse_conv_bn(network, clips)
        found, expected = fused(clips), network.eval()(clips)

    torch.testing.assert_close(found.descriptors, expected.descriptors, rtol=1e-9, atol=1e-12)
    for block, attended in expected.attention.items():
        torch.testing.assert_close(found.attention[block].spatial_mask, attended.spatial_mask)
    assert _norms(fused) == norms_left
    assert _norms(network) == before


@pytest.mark.parametrize("name", ["resnet50", "se_resnet50", "resnet_tiny", "se_resnet_tiny"])
def test_all_batchnorms_of_our_backbones_are_fused(name: str) -> None:
    _assert_unchanged(_with_random_norms(_network(name)), norms_left=0)


def test_the_first_clips_are_fused_and_the_network_stays_as_it_is() -> None:
    network, clips = _with_random_norms(_network("se_resnet_tiny")), people(torch.Generator())
    fused = FusedNetwork(network)

    with torch.inference_mode():
        first, second = fused(clips).descriptors, fused(clips).descriptors
        expected = fuse_conv_bn(network, clips)(clips).descriptors

    assert fused.network is not network
    assert torch.equal(first, expected)
    assert torch.equal(second, expected)


def test_batchnorms_over_several_ranks_are_fused_too() -> None:
    clips = people(torch.Generator())
    plain = fuse_conv_bn(_network("se_resnet_tiny"), clips)
    over_ranks = fuse_conv_bn(nn.SyncBatchNorm.convert_sync_batchnorm(_network("se_resnet_tiny")), clips)

    assert not any(isinstance(layer, nn.SyncBatchNorm) for layer in over_ranks.backbone.modules())
    for one, other in zip(over_ranks.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_is_compiled_for_training_is_not_for_testing() -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiled again")

    network, clips = _network("resnet_tiny"), people(torch.Generator())
    network.compile(backend=refuse)

    with torch.no_grad():
        fuse_conv_bn(network, clips)(clips)


def test_a_batchnorm_with_its_activation_inside_stays() -> None:
    """timm's MobileNetV2, whose BatchNormAct2d is a subclass of BatchNorm2d."""
    torch.manual_seed(0)
    whole: Any = timm.create_model("mobilenetv2_100", pretrained=False)
    blocks = list(whole.blocks)
    stages = [
        nn.Sequential(whole.conv_stem, whole.bn1),
        nn.Sequential(*blocks[:2]),
        blocks[2],
        nn.Sequential(*blocks[3:5]),
        nn.Sequential(*blocks[5:]),
    ]
    backbone = Backbone(stages, (32, 24, 32, 96, 320), last_stride=2)
    network = VideoReidNet(backbone, {}, TemporalAveragePooling(320), 2)

    assert _norms(network) > 0
    _assert_unchanged(_with_random_norms(network), norms_left=_norms(network))


class _Layers(nn.Module):
    """Three channels to three, in an order of registration that `forward` does not follow."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second_norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.second, self.first_norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, maps: Tensor) -> Any:
        maps = torch.relu(self.first_norm(self.first(maps)))
        return torch.relu(self.second_norm(self.second(maps)))


class _NormBefore(_Layers):
    def forward(self, maps: Tensor) -> Any:
        maps = torch.relu(self.first(self.second_norm(maps)))
        return torch.relu(self.second(self.first_norm(maps)))


class _ReadTwice(_Layers):
    def forward(self, maps: Tensor) -> Any:
        seen = self.first(maps)
        return self.first_norm(seen) + seen + self.second_norm(self.second(maps))


class _CalledTwice(_Layers):
    def forward(self, maps: Tensor) -> Any:
        return self.first_norm(self.first(torch.relu(self.first(maps))))


class _UnderTwoNames(_Layers):
    """One layer each under two names, of which `forward` uses the second."""

    def __init__(self) -> None:
        super().__init__()
        self.same, self.same_norm = self.first, self.first_norm

    def forward(self, maps: Tensor) -> Any:
        return self.same_norm(self.same(maps)).sigmoid()


class _SharedNorm(_Layers):
    def forward(self, maps: Tensor) -> Any:
        return self.first_norm(self.second(torch.relu(self.first_norm(self.first(maps)))))


@pytest.mark.parametrize(
    ("block", "norms_left"),
    [
        (_Layers, 0),
        (_NormBefore, 2),
        (_ReadTwice, 1),
        (_CalledTwice, 2),
        (_UnderTwoNames, 1),
        (_SharedNorm, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_pairs_follow_the_data_and_not_the_order_of_registration(
    block: type[nn.Module], norms_left: int
) -> None:
    torch.manual_seed(0)
    _assert_unchanged(_around(block(), channels=3), norms_left)


def test_statistics_of_the_batch_are_not_fused() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3, track_running_stats=False)
    _assert_unchanged(_around(nn.Conv2d(3, 3, 1), norm, channels=3), norms_left=1)


class _Peeking(_Layers):
    """Its output follows from the convolution's bias, which fusing changes."""

    def forward(self, maps: Tensor) -> Any:
        assert self.first.bias is not None
        return self.first_norm(self.first(maps)) + self.first.bias.sum()


class _OfOneType(_Layers):
    def forward(self, maps: Tensor) -> Any:
        return self.first_norm(self.first(maps)) @ torch.eye(maps.shape[-1], dtype=torch.float32)


class _PeekingAtInfinity(_Peeking):
    """Also has one number that is not finite."""

    def forward(self, maps: Tensor) -> Any:
        maps = super().forward(maps).clone()
        maps[:, 0, 0, 0] = torch.inf
        return maps


class _Refusing(_Layers):
    def forward(self, maps: Tensor) -> Any:
        if maps.dtype == torch.float64:
            raise NotImplementedError("single precision only")
        return super().forward(maps)


def test_numbers_that_are_not_finite_hide_no_difference(caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(0)
    network = _around(_PeekingAtInfinity(), channels=3)

    with caplog.at_level(logging.WARNING):
        fused = fuse_conv_bn(network, people(torch.Generator()))

    assert "different maps" in caplog.text
    assert _norms(fused) == _norms(network)


@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.weight_norm])
@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
def test_a_network_that_cannot_be_copied_computes_the_clips_itself_and_stays_in_its_mode(
    norm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(0)
    network = _around(norm(nn.Conv2d(3, 3, 1)), nn.BatchNorm2d(3), nn.Dropout(0.5), channels=3)
    clips = people(torch.Generator())
    network(clips)  # as in training: spectral_norm now holds a weight that has a gradient
    network.backbone.stages[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [layer.training for layer in network.modules()]

    with torch.no_grad(), caplog.at_level(logging.WARNING):
        fused = FusedNetwork(network)
        found = [fused(clips).descriptors for _ in range(2)]

    assert "cannot be copied" in caplog.text
    assert [layer.training for layer in network.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    with torch.no_grad():
        expected = network.eval()(clips).descriptors
    torch.testing.assert_close(found, [expected, expected], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("block", "reason"),
    [(_Refusing, "double precision"), (_Peeking, "different maps"), (_OfOneType, "double precision")],
)
def test_where_the_comparison_fails_nothing_is_fused_and_the_log_says_so(
    block: type[nn.Module], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(0)
    network, clips = _around(block(), channels=3), people(torch.Generator())

    with torch.no_grad(), caplog.at_level(logging.WARNING):
        found, expected = FusedNetwork(network)(clips), network.eval()(clips)

    torch.testing.assert_close(found.descriptors, expected.descriptors)
    assert reason in caplog.text
