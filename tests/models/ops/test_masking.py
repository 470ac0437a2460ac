"""COSAM's mask and channel weights on the maps, against plain products and autograd."""

import torch
from torch import Tensor

from reid_cosam.models.ops.masking import masked_mean, weighted


def clip(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """Maps with the channels last, as the network passes them on, a mask and channel factors."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(6, 4, 5, 7, generator=generator, dtype=torch.float64)
    maps = maps.contiguous(memory_format=torch.channels_last).unflatten(0, (2, 3))
    mask = torch.rand(2, 3, 1, 5, 7, generator=generator, dtype=torch.float64)
    factors = torch.rand(2, 4, generator=generator, dtype=torch.float64)
    return (
        maps.to(dtype).requires_grad_(),
        mask.to(dtype).requires_grad_(),
        factors.to(dtype).requires_grad_(),
    )


def test_masked_mean_is_the_mean_of_the_product() -> None:
    maps, mask, _ = clip()

    mean = masked_mean(maps, mask)

    torch.testing.assert_close(mean, (maps * mask).mean(dim=(-2, -1)))


def test_gradients_of_masked_mean_are_those_of_the_mean_of_the_product() -> None:
    assert torch.autograd.gradcheck(masked_mean, clip()[:2])


def test_masked_mean_keeps_type_and_the_layout_of_the_gradient() -> None:
    maps, mask, _ = clip(torch.bfloat16)

    mean = masked_mean(maps, mask)
    (slope,) = torch.autograd.grad(mean, maps, torch.ones_like(mean))

    assert mean.dtype == slope.dtype == torch.bfloat16
    assert slope.stride() == maps.stride()


def test_autocast_around_masked_mean_changes_nothing() -> None:
    maps, mask, _ = clip(torch.float32)
    mean = masked_mean(maps, mask)
    expected = torch.autograd.grad(mean.square().sum(), (maps, mask))

    with torch.autocast("cpu", torch.bfloat16):
        again = masked_mean(maps, mask)
        found = torch.autograd.grad(again.square().sum(), (maps, mask))

    torch.testing.assert_close(again, mean, rtol=0, atol=0)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_weighted_is_the_product() -> None:
    maps, mask, factors = clip()

    product = weighted(maps, mask, factors)

    torch.testing.assert_close(product, maps * mask * factors[:, None, :, None, None])


def test_gradients_of_weighted_are_those_of_the_product() -> None:
    assert torch.autograd.gradcheck(weighted, clip())


def test_weighted_keeps_the_layout_and_type_of_the_maps_in_both_passes() -> None:
    maps, mask, factors = clip(torch.bfloat16)

    product = weighted(maps, mask, factors)
    (slope,) = torch.autograd.grad(product, maps, torch.ones_like(product))

    assert product.dtype == slope.dtype == torch.bfloat16
    assert product.stride() == slope.stride() == maps.stride()


def test_autocast_around_the_backward_pass_changes_nothing() -> None:
    maps, mask, factors = clip(torch.float32)
    product = weighted(maps, mask, factors)
    expected = torch.autograd.grad(product.square().sum(), (mask, factors), retain_graph=True)

    with torch.autocast("cpu", torch.bfloat16):
        found = torch.autograd.grad(product.square().sum(), (mask, factors))

    torch.testing.assert_close(found, expected, rtol=0, atol=0)
