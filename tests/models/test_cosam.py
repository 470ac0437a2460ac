from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest
import torch
from torch import Tensor

from reid_cosam.models.cosam import CorrelationHead, Cosam, Variant
from tests.models.literal import literal_cosam

VARIANTS: list[Variant] = list(get_args(Variant))


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _layer(variant: Variant, num_frames: int, map_size: tuple[int, int], channels: int = 7) -> Cosam:
    """A layer whose every parameter and statistic is random, so that none drops out of a comparison."""
    layer = Cosam(channels, num_frames, map_size, reduced_channels=16, variant=variant)
    generator = torch.Generator().manual_seed(1)
    for name, value in layer.state_dict().items():
        if value.is_floating_point():
            low, high = (0.5, 1.5) if name.endswith("running_var") else (-0.5, 0.5)
            value.uniform_(low, high, generator=generator)
    return layer


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("num_frames", [2, 4, 8])
@pytest.mark.parametrize("map_size", [(3, 2), (4, 4), (8, 4)])
def test_equals_the_literal_form(
    variant: Variant, training: bool, num_frames: int, map_size: tuple[int, int]
) -> None:
    layer = _layer(variant, num_frames, map_size).double().train(training)
    maps = _random(2, num_frames, 7, *map_size).double().requires_grad_()
    grad_output = _random(2, num_frames, 7, *map_size, seed=2).double()

    ours = layer(maps)
    expected = literal_cosam(layer, maps, released=variant == "released")

    torch.testing.assert_close(tuple(ours), tuple(expected), rtol=1e-10, atol=1e-10)
    leaves = (maps, *layer.parameters())
    gradients = torch.autograd.grad(ours.maps, leaves, grad_output)
    expected_gradients = torch.autograd.grad(expected.maps, leaves, grad_output)
    torch.testing.assert_close(gradients, expected_gradients, rtol=1e-10, atol=1e-10)


@contextmanager
def _saved_sizes() -> Iterator[list[int]]:
    sizes: list[int] = []

    def note(tensor: Tensor) -> Tensor:
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield sizes


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_of_the_size_of_the_cost_volume_is_saved_for_backward(variant: Variant) -> None:
    frames, size = 4, (32, 16)
    locations = size[0] * size[1]
    layer = _layer(variant, frames, size)
    maps = _random(1, frames, 7, *size).requires_grad_()

    with _saved_sizes() as ours:
        layer(maps)
    with _saved_sizes() as literal:
        literal_cosam(layer, maps, released=variant == "released")

    assert max(literal) == frames * (frames - 1) * locations**2
    # the largest are the maps, reduced to 16 channels, or the 64 outputs for each location
    assert max(ours) == frames * locations * (16 if variant == "paper" else 64)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_flat_descriptor_gives_a_finite_mask_and_gradients(variant: Variant) -> None:
    layer = _layer(variant, 2, (2, 2))
    maps = torch.zeros(1, 2, 7, 2, 2, requires_grad=True)
    with torch.no_grad():
        layer.get_parameter("reduce.1.bias").fill_(-5)  # the ReLU then leaves zeros alone

    output = layer.eval()(maps)
    output.maps.sum().backward()

    assert output.spatial_mask.isfinite().all()
    for leaf in (maps, *layer.parameters()):
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()


def test_clips_of_a_batch_do_not_see_one_another() -> None:
    layer = _layer("released", 3, (4, 2)).eval()
    maps = _random(4, 3, 7, 4, 2)
    order = torch.tensor([2, 0, 3, 1])

    shuffled, straight = layer(maps[order]), layer(maps)

    for ours, expected in zip(shuffled, straight, strict=True):
        torch.testing.assert_close(ours, expected[order])
    torch.testing.assert_close(layer(maps[1:2]).maps, straight.maps[1:2])


@pytest.mark.parametrize("variant", VARIANTS)
def test_bfloat16_autocast_keeps_the_masks(variant: Variant) -> None:
    layer = _layer(variant, 4, (8, 4)).eval()
    maps = _random(2, 4, 7, 8, 4)
    exact = layer(maps)

    with torch.autocast("cpu", torch.bfloat16):
        rounded = layer(maps)

    assert (rounded.spatial_mask - exact.spatial_mask).abs().max() < 1e-2


def test_correlations_stay_in_float32_under_autocast() -> None:
    head = CorrelationHead(1, num_frames=3, map_size=(4, 2), unbiased=False)
    maps = _random(2, 3, 16, 4, 2).bfloat16()

    with torch.autocast("cpu", torch.bfloat16):
        summary = head(maps)

    assert summary.dtype == torch.float32
    torch.testing.assert_close(summary, head(maps.float()), rtol=0, atol=0)


def test_channels_last_maps_give_the_same() -> None:
    layer = _layer("paper", 4, (4, 2)).eval()
    maps = _random(8, 7, 4, 2)

    contiguous = layer(maps.unflatten(0, (2, 4)))
    channels_last = layer(maps.contiguous(memory_format=torch.channels_last).unflatten(0, (2, 4)))

    torch.testing.assert_close(tuple(channels_last), tuple(contiguous))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_maps_and_their_gradient_keep_layout_and_type(dtype: torch.dtype) -> None:
    layer = _layer("paper", 3, (4, 2))
    maps = _random(6, 7, 4, 2).to(dtype).contiguous(memory_format=torch.channels_last)
    clips = maps.unflatten(0, (2, 3)).requires_grad_()

    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        weighted = layer(clips).maps
    (gradient,) = torch.autograd.grad(weighted, clips, torch.ones_like(weighted))

    assert weighted.dtype == gradient.dtype == dtype
    assert weighted.stride() == gradient.stride() == clips.stride()


@pytest.mark.parametrize(("channels", "narrow", "reduced"), [(256, 3, 3), (257, 3, 9), (256, None, 9)])
def test_narrow_maps_are_reduced_to_channels_of_their_own(
    channels: int, narrow: int | None, reduced: int
) -> None:
    layer = Cosam(channels, 2, (4, 2), 9, reduced_channels_narrow=narrow)

    assert layer.get_parameter("reduce.0.weight").shape[:2] == (reduced, channels)
    assert layer.get_parameter("channel_mlp.0.weight").shape == (reduced, channels)


def test_one_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="num_frames >= 2, got 1"):
        Cosam(8, 1, (4, 2), 4)


@pytest.mark.usefixtures("unchecked_types")
def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of \['paper', 'released'\], got 'Paper'"):
        Cosam(8, 2, (4, 2), 4, variant="Paper")  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 2, 7, 4, 2), (1, 3, 7, 2, 4), (1, 3, 8, 4, 2)])
def test_maps_that_the_layer_was_not_built_for_are_refused(shape: tuple[int, ...]) -> None:
    layer = _layer("paper", 3, (4, 2))

    with pytest.raises(ValueError, match=r"built for maps \(3, 7, 4, 2\) .*clip length and image size"):
        layer(torch.zeros(shape))


@pytest.mark.parametrize("channels", [8, 512])
def test_no_reduced_channels_are_refused(channels: int) -> None:
    with pytest.raises(ValueError, match="one reduced channel, got 0"):
        Cosam(channels, 2, (4, 2), 0 if channels > 256 else 4, reduced_channels_narrow=0)
