"""Folded BatchNorms compute what they did apart."""

import pytest
import torch
from torch import nn

from reid_cosam.models.backbones import BACKBONES
from reid_cosam.models.fusing import fuse_conv_bn
from tests.models.test_numerics import _network, people


@pytest.mark.parametrize("name", list(BACKBONES))
def test_a_folded_network_describes_alike(name: str) -> None:
    network = _network(name).double()
    norms = [layer for layer in network.backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
    generator = torch.Generator().manual_seed(0)
    for norm in norms:  # as after training
        for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            assert values is not None
            values.data.copy_(0.5 + torch.rand(values.shape, generator=generator))
    clips = people(torch.Generator()).double()

    with torch.no_grad():
        fast, plain = fuse_conv_bn(network)(clips), network.eval()(clips)

    torch.testing.assert_close(fast.descriptors, plain.descriptors, rtol=1e-9, atol=0)
    torch.testing.assert_close(fast.attention[4].spatial_mask, plain.attention[4].spatial_mask)
    left = [layer for layer in fuse_conv_bn(network).backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert (len(norms) > 0, left) == (True, [])
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.backbone.modules()) == len(norms)


def test_batchnorms_over_several_ranks_are_folded_too() -> None:
    plain = fuse_conv_bn(_network("se_resnet_tiny"))
    over_ranks = fuse_conv_bn(nn.SyncBatchNorm.convert_sync_batchnorm(_network("se_resnet_tiny")))

    assert not any(isinstance(layer, nn.SyncBatchNorm) for layer in over_ranks.backbone.modules())
    for one, other in zip(over_ranks.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_is_compiled_for_training_is_not_for_testing() -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiled anew")

    network = _network("resnet_tiny")
    network.compile(backend=refuse)

    with torch.no_grad():
        fuse_conv_bn(network)(people(torch.Generator()))
