"""The readable formulas, against loops over single locations."""

import pytest
import torch
from torch import Tensor

from reid_cosam.models.correlation import correlate, cost_volume, ncc
from tests.models import literal

SHAPES = [(2, (3, 2)), (4, (4, 4)), (8, (8, 4))]


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_ncc_worked_out_by_hand() -> None:
    # (1, 3) has mean 2 and deviation 1, (5, 1) has mean 3 and deviation 2; each deviation has its epsilon
    p, q = torch.tensor([[1.0, 3.0]]).double(), torch.tensor([[5.0, 1.0]]).double()

    assert ncc(p, q).item() == pytest.approx((-1 * 2 + 1 * -2) / 2 / (1.0001 * 2.0001), rel=1e-12)


@pytest.mark.parametrize("unbiased", [False, True])
def test_ncc_of_sets_is_that_of_single_descriptors(unbiased: bool) -> None:
    p, q = _random(2, 3, 5), _random(2, 4, 5, seed=1)

    found = ncc(p, q, unbiased)

    for batch, one, other in [(0, 0, 0), (0, 2, 3), (1, 1, 2)]:
        expected = literal.ncc(p[batch, one], q[batch, other], unbiased)
        torch.testing.assert_close(found[batch, one, other], expected)


@pytest.mark.parametrize("unbiased", [False, True])
def test_the_cost_volume_equals_formula_1_by_loops(unbiased: bool) -> None:
    clip = _random(3, 5, 2, 2)

    volume = cost_volume(clip, unbiased)

    # the loops have the other frames' locations before the frame's own
    expected = literal.cost_volume_by_loops(clip, unbiased).unflatten(1, (2, 4)).flatten(3).mT
    assert volume.shape == (3, 2, 4, 4)
    torch.testing.assert_close(volume, expected)
    torch.testing.assert_close(cost_volume(clip[None], unbiased)[0], volume, rtol=0, atol=0)


@pytest.mark.parametrize(("frames", "size"), SHAPES)
@pytest.mark.parametrize("outputs", [1, 5])
@pytest.mark.parametrize("unbiased", [False, True])
def test_the_linear_form_equals_a_linear_map_of_the_volume(
    frames: int, size: tuple[int, int], outputs: int, unbiased: bool
) -> None:
    maps = _random(2, frames, 64, *size).requires_grad_()
    weight = _random(outputs, frames - 1, size[0] * size[1], seed=1) / (frames * size[0] * size[1])
    weight.requires_grad_()

    linear = correlate(maps, weight, unbiased)
    through_the_volume = torch.einsum("btspq,ksq->btpk", cost_volume(maps, unbiased), weight)

    torch.testing.assert_close(linear, through_the_volume, rtol=0, atol=1e-15)
    found, expected = (
        torch.autograd.grad(one.square().sum(), (maps, weight)) for one in (linear, through_the_volume)
    )
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.7, 3.0])
def test_a_flat_descriptor_correlates_with_nothing(level: float) -> None:
    maps = _random(1, 2, 256, 2, 2).float()
    maps[0, 0, :, 0, 0] = level
    maps.requires_grad_()

    correlations = correlate(maps, torch.ones(1, 1, 4), unbiased=False)
    (gradient,) = torch.autograd.grad(correlations.square().sum(), maps)

    # 0.7 in float32 may differ from its mean by 6e-8, which is divided by the epsilon
    assert correlations[0, 0, 0].abs().max() < 1e-2
    assert gradient.isfinite().all()
