import re

import pytest
import torch
from torch import Tensor, nn

from reid_cosam.models.aggregators import TemporalAveragePooling, TemporalRnn
from reid_cosam.models.backbones import se_resnet_tiny
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.neck import BatchNormNeck
from reid_cosam.models.network import VideoReidNet

FRAMES, HEIGHT, WIDTH = 2, 64, 32
PLACEMENTS = [[], [1], [5], [4, 5], [2, 3, 4, 5], [1, 2, 3, 4, 5]]


def _network(placement: list[int], seed: int = 0) -> VideoReidNet:
    torch.manual_seed(seed)
    backbone = se_resnet_tiny(False, 1)
    attention = {
        block: Cosam(
            backbone.channels[block - 1],
            FRAMES,
            backbone.map_size(block, HEIGHT, WIDTH),
            reduced_channels=16,
            variant="released" if block % 2 else "paper",
        )
        for block in placement
    }
    return VideoReidNet(backbone, attention, TemporalAveragePooling(backbone.channels[-1]), num_identities=5)


def _clips(batch: int = 3) -> Tensor:
    return torch.randn(batch, FRAMES, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_shapes_behind_any_blocks(placement: list[int]) -> None:
    network = _network(placement).eval()

    output = network(_clips())

    assert output.descriptors.shape == (3, network.descriptor_size) == (3, 256)
    assert output.logits.shape == (3, 5)
    assert list(output.attention) == placement
    for block, attended in output.attention.items():
        size = network.backbone.map_size(block, HEIGHT, WIDTH)
        assert attended.maps.shape == (3, FRAMES, network.backbone.channels[block - 1], *size)
        assert attended.spatial_mask.shape == (3, FRAMES, 1, *size)


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize("shape", [(2, 3, 64, 32), (3, 3, 2, 64, 32)])
def test_clips_of_another_shape_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(str(list(shape)))):
        _network([])(torch.zeros(shape))


@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_every_parameter_has_a_gradient(placement: list[int]) -> None:
    network = _network(placement).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # a residual branch starts at zero, and hides its convolutions
            nn.init.uniform_(module.weight, 0.5, 1.5)

    network(_clips()).logits.square().sum().backward()

    still = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    # A bias in front of a BatchNorm is subtracted again: rounding may leave it exactly zero.
    assert [name for name in still if not name.endswith(("reduce.0.bias", "mask_head.0.bias"))] == []


def test_without_cosam_it_is_backbone_aggregator_and_classifier() -> None:
    network = _network([]).eval()
    clips = _clips()

    output = network(clips)

    frames = torch.stack([network.backbone(clip).mean(dim=(2, 3)) for clip in clips])
    torch.testing.assert_close(output.descriptors, frames.mean(dim=1))
    torch.testing.assert_close(output.logits, network.classifier(frames.mean(dim=1)))
    assert output.attention == {}


def test_cosam_replaces_the_maps_between_two_blocks() -> None:
    network = _network([3]).eval()
    stages, clips = network.backbone.stages, _clips(batch=1)

    output = network(clips)

    before = stages[2](stages[1](stages[0](clips[0])))
    attended = network.attention["3"](before[None]).maps[0]
    after = stages[4](stages[3](attended))
    torch.testing.assert_close(output.attention[3].maps[0], attended)
    torch.testing.assert_close(output.descriptors[0], after.mean(dim=(0, 2, 3)))


def test_without_a_neck_features_are_descriptors() -> None:
    output = _network([4])(_clips())

    assert output.features is output.descriptors


def test_a_neck_lies_between_features_and_descriptors() -> None:
    plain = _network([])
    neck = BatchNormNeck(256)
    network = VideoReidNet(plain.backbone, {}, plain.aggregator, 5, neck)

    output = network(_clips())

    mean, deviation = output.features.mean(dim=0), output.features.std(dim=0, correction=0)
    standardised = (output.features - mean) / (deviation.square() + 1e-5).sqrt()
    torch.testing.assert_close(output.descriptors, standardised, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        output.logits, standardised @ network.classifier.weight.T, rtol=1e-4, atol=1e-4
    )
    output.logits.square().sum().backward()
    assert neck.bias.grad is None
    assert network.classifier.bias is None


def test_names_in_the_state_dict_are_stable() -> None:
    names = set(_network([4]).state_dict())

    cosam = {name for name in names if name.startswith("attention.")}
    reduce = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    assert cosam == {
        "attention.4.reduce.0.weight",
        "attention.4.reduce.0.bias",
        *(f"attention.4.reduce.1.{name}" for name in reduce),
        "attention.4.mask_head.0.weight",
        "attention.4.mask_head.0.bias",
        "attention.4.channel_mlp.0.weight",
        "attention.4.channel_mlp.0.bias",
        "attention.4.channel_mlp.2.weight",
        "attention.4.channel_mlp.2.bias",
    }
    others = {".".join(name.split(".")[:3]) for name in names - cosam}
    assert others >= {"classifier.weight", "classifier.bias", *(f"backbone.stages.{i}" for i in range(5))}
    assert all(name.startswith(("backbone.stages.", "classifier.")) for name in names - cosam)


def test_the_order_in_which_layers_are_given_does_not_matter() -> None:
    parts = dict(_network([4, 5]).attention.items())
    backwards = VideoReidNet(
        se_resnet_tiny(False, 1),
        {int(block): layer for block, layer in reversed(parts.items()) if isinstance(layer, Cosam)},
        TemporalAveragePooling(256),
        num_identities=5,
    )

    assert list(backwards.attention) == ["4", "5"]


def test_the_classifier_fits_the_aggregator() -> None:
    network = VideoReidNet(se_resnet_tiny(False, 1), {}, TemporalRnn(256), num_identities=7).eval()

    output = network(_clips(batch=1))

    assert output.descriptors.shape == (1, 512)
    assert output.logits.shape == (1, 7)


def test_a_clip_does_not_see_the_others_in_eval_mode() -> None:
    network = _network([2, 5]).eval()
    clips = _clips()

    together = network(clips).descriptors
    alone = torch.cat([network(clip[None]).descriptors for clip in clips])

    torch.testing.assert_close(together, alone)


def test_channels_last_gives_the_same() -> None:
    network, clips = _network([4, 5]).eval(), _clips()
    expected = network(clips).descriptors

    frames = clips.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    ours = network.to(memory_format=torch.channels_last)(frames.unflatten(0, (3, FRAMES))).descriptors

    torch.testing.assert_close(ours, expected)
