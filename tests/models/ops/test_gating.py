"""Gated maps against the plain product."""

import torch
from torch import Tensor

from reid_cosam.models.ops.gating import gated
from reid_cosam.models.ops.location_mean import location_mean


def _maps(dtype: torch.dtype) -> Tensor:
    """Four pictures of 16 channels, with the channels last, as the network passes them on."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(4, 16, 6, 3, generator=generator, dtype=torch.float64).to(dtype)
    return maps.contiguous(memory_format=torch.channels_last).requires_grad_()


def test_gradients_of_the_product() -> None:
    gates = torch.rand(4, 16, 1, 1, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(gated, (_maps(torch.float64), gates))


def test_autocast_around_the_backward_pass_changes_nothing() -> None:
    maps = _maps(torch.float32)
    loss = gated(maps, location_mean(maps).sigmoid()[..., None, None]).square().sum()
    expected = torch.autograd.grad(loss, maps, retain_graph=True)

    with torch.autocast("cpu", torch.bfloat16):
        found = torch.autograd.grad(loss, maps)

    torch.testing.assert_close(found, expected, rtol=0, atol=0)
