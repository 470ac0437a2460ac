from functools import partial

import pytest
import torch
from torch import Tensor

from reid_cosam.models import correlation
from reid_cosam.models.ops.correlation import correlate
from tests.models.literal import cost_volume_by_loops

SHAPES = [(2, (3, 2)), (4, (4, 4)), (8, (8, 4))]


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("frames", "size"), SHAPES)
@pytest.mark.parametrize("outputs", [1, 5])
@pytest.mark.parametrize("unbiased", [False, True])
def test_equals_the_readable_form_and_its_gradients(
    frames: int, size: tuple[int, int], outputs: int, unbiased: bool
) -> None:
    maps = _random(2, frames, 6, *size).requires_grad_()
    weight = _random(outputs, frames - 1, size[0] * size[1], seed=1).requires_grad_()
    grad_output = _random(2, frames, size[0] * size[1], outputs, seed=2)

    ours = correlate(maps, weight, unbiased)
    expected = correlation.correlate(maps, weight, unbiased)

    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)
    gradients = torch.autograd.grad(ours, (maps, weight), grad_output)
    expected_gradients = torch.autograd.grad(expected, (maps, weight), grad_output)
    torch.testing.assert_close(gradients, expected_gradients, rtol=1e-10, atol=1e-10)


def test_worked_out_by_hand() -> None:
    # One location, two channels: (1, 3) has mean 2 and deviation 1, (5, 1) has mean 3 and deviation 2.
    maps = torch.tensor([[1.0, 3.0], [5.0, 1.0]], dtype=torch.float64).reshape(1, 2, 2, 1, 1)

    correlations = correlate(maps, torch.tensor([[[10.0]]], dtype=torch.float64), unbiased=False)

    # (-1 * 2 + 1 * -2) / 2 channels / (deviations, each with its epsilon) * weight
    expected = -2 / (1.0001 * 2.0001) * 10
    assert correlations.flatten().tolist() == pytest.approx([expected, expected], rel=1e-12)


def test_the_weights_of_a_slot_belong_to_the_other_frames_in_time_order() -> None:
    maps = _random(1, 3, 4, 1, 1)
    first_slot = torch.tensor([[[1.0], [0.0]]], dtype=torch.float64)

    seen = correlate(maps, first_slot, unbiased=False).flatten()

    frames = cost_volume_by_loops(maps[0], unbiased=False).flatten(1)
    # the first of the others is frame 1 for frame 0, and frame 0 for frames 1 and 2
    torch.testing.assert_close(seen, frames[:, 0])
    torch.testing.assert_close(seen[0], seen[1])


@pytest.mark.parametrize("level", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("flat", [(0, 0), (0,)], ids=["location", "frame"])
def test_a_flat_descriptor_correlates_with_nothing(level: float, flat: tuple[int, ...]) -> None:
    maps = _random(1, 2, 256, 8, 4).float()
    maps.flatten(3).transpose(2, 3)[0][flat] = level  # the frame, then the location
    maps.requires_grad_()

    correlations = correlate(maps, _random(3, 1, 32, seed=1).float(), unbiased=True)
    (gradient,) = torch.autograd.grad(correlations.square().sum(), maps)

    # 0.7 in float32 may differ from its mean by 6e-8, which is divided by the epsilon
    assert correlations[0][flat].abs().max() < 1e-3
    assert gradient.isfinite().all()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("unbiased", [False, True])
def test_the_gradient_equals_finite_differences(outputs: int, unbiased: bool) -> None:
    maps = _random(2, 3, 5, 2, 1).requires_grad_()
    weight = _random(outputs, 2, 2, seed=1).requires_grad_()

    assert torch.autograd.gradcheck(partial(correlate, unbiased=unbiased), (maps, weight))


def test_a_second_derivative_is_refused() -> None:
    maps = _random(1, 2, 4, 2, 1).requires_grad_()
    correlations = correlate(maps, _random(1, 1, 2), unbiased=False)

    (gradient,) = torch.autograd.grad(correlations.square().sum(), maps, create_graph=True)

    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 1, 3, 4, 2), (1, 0, 2, 3, 4)])
def test_the_layout_of_the_maps_does_not_matter(order: tuple[int, ...]) -> None:
    maps, weight = _random(2, 3, 6, 4, 2), _random(5, 2, 8, seed=1)
    back = [order.index(axis) for axis in range(5)]
    laid_out = maps.permute(order).contiguous().permute(back)

    values, gradients = zip(*(_value_and_gradient(same, weight) for same in (maps, laid_out)), strict=True)

    torch.testing.assert_close(values[1], values[0])
    torch.testing.assert_close(gradients[1], gradients[0])


def _value_and_gradient(maps: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    leaf = maps.detach().requires_grad_()
    correlations = correlate(leaf, weight, unbiased=True)
    (gradient,) = torch.autograd.grad(correlations.square().sum(), leaf)
    return correlations, gradient


def test_autocast_around_the_backward_pass_changes_nothing() -> None:
    maps = _random(1, 3, 16, 4, 2).float().requires_grad_()
    correlations = correlate(maps, _random(2, 2, 8, seed=1).float(), unbiased=False)
    grad_output = torch.ones_like(correlations)
    (expected,) = torch.autograd.grad(correlations, maps, grad_output, retain_graph=True)

    with torch.autocast("cpu", torch.bfloat16):
        (gradient,) = torch.autograd.grad(correlations, maps, grad_output)

    torch.testing.assert_close(gradient, expected, rtol=0, atol=0)


def test_little_is_saved_for_backward_beside_the_maps_and_weights() -> None:
    maps = _random(1, 4, 64, 8, 4).requires_grad_()
    weight = _random(1, 3, 32, seed=1).requires_grad_()
    given = {leaf.untyped_storage().data_ptr() for leaf in (maps, weight)}
    added = []

    def note(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in given:
            added.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        correlate(maps, weight, unbiased=False)

    # for each location a mean, a deviation and a logit, for each frame a consensus
    assert sum(added) == 3 * 4 * 32 + 4 * 64


@pytest.mark.parametrize("outputs", [1, 64])
def test_float32_keeps_five_digits(outputs: int) -> None:
    maps = _random(1, 4, 64, 16, 8).relu()
    weight = _random(outputs, 3, 128, seed=1)
    exact = correlate(maps, weight, unbiased=False)

    rounded = correlate(maps.float(), weight.float(), unbiased=False)

    # sums of a few hundred products, each rounded to 6e-8
    assert (rounded - exact).abs().max() < 1e-5 * exact.abs().max()
