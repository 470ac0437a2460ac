"""Squeeze and excitation, against the modules of the libraries it stands in for."""

import torch
from timm.layers.squeeze_excite import SEModule as TimmExcitation
from torch import Tensor, nn

from reid_cosam.models.backbones import SqueezeExcitation


def _maps(dtype: torch.dtype) -> Tensor:
    """Four pictures of 16 channels, with the channels last, as the network passes them on."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(4, 16, 6, 3, generator=generator, dtype=torch.float64).to(dtype)
    return maps.contiguous(memory_format=torch.channels_last).requires_grad_()


def _pair() -> tuple[nn.Module, SqueezeExcitation]:
    torch.manual_seed(0)
    theirs = TimmExcitation(16)
    return theirs, SqueezeExcitation(theirs.fc1, theirs.fc2)


def _gradients(module: nn.Module, maps: Tensor) -> list[Tensor]:
    weights = [weight for _, weight in sorted(module.named_parameters())]
    return list(torch.autograd.grad(module(maps).square().sum(), [maps, *weights]))


def test_in_float32_it_is_the_other_bit_by_bit() -> None:
    theirs, ours = _pair()
    maps = _maps(torch.float32)

    torch.testing.assert_close(ours(maps), theirs(maps), rtol=0, atol=0)


def test_gradients_are_those_of_the_other() -> None:
    theirs, ours = (module.double() for module in _pair())
    maps = _maps(torch.float64)

    torch.testing.assert_close(_gradients(ours, maps), _gradients(theirs, maps))


def test_under_autocast_both_passes_keep_type_and_layout() -> None:
    _, ours = _pair()
    maps = _maps(torch.bfloat16)

    with torch.autocast("cpu", torch.bfloat16):
        weighted = ours(maps)
    (gradient,) = torch.autograd.grad(weighted, maps, torch.ones_like(weighted))

    assert weighted.dtype == gradient.dtype == torch.bfloat16
    assert weighted.stride() == gradient.stride() == maps.stride()
