from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from reid_cosam.models.correlation import cost_volume, descriptors, ncc, standardised
from reid_cosam.models.cosam import CoSegmentation
from reid_cosam.models.general_cosam import Affinity, PooledCosam, PrototypeCosam, Prototypes

CHANNELS, REDUCED = 7, 16
LAYERS: dict[str, Callable[[], CoSegmentation]] = {
    "pooled": lambda: PooledCosam(CHANNELS, REDUCED),
    "pooled, few references": lambda: PooledCosam(CHANNELS, REDUCED, references=2),
    "pooled, without the own feature": lambda: PooledCosam(CHANNELS, REDUCED, own=False),
    "prototypes": lambda: PrototypeCosam(CHANNELS, REDUCED),
    "prototypes, own feature": lambda: PrototypeCosam(CHANNELS, REDUCED, prototypes=3, own=True),
    "pooled, residual": lambda: PooledCosam(CHANNELS, REDUCED, residual=True),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def _maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _layer(name: str) -> CoSegmentation:
    """A layer whose every parameter and statistic is random, so that none drops out of a comparison."""
    layer = LAYERS[name]()
    generator = torch.Generator().manual_seed(1)
    for key, value in layer.state_dict().items():
        if value.is_floating_point():
            low, high = (0.5, 1.5) if key.endswith("running_var") else (-0.5, 0.5)
            value.uniform_(low, high, generator=generator)
    return layer.double().eval()


def _head(layer: CoSegmentation, relations: Tensor) -> Tensor:
    """The mask of relations `[b, t, hw, k]`, by what follows them in the mask head of `layer`."""
    mask: Tensor = layer.mask_head[1:](relations.flatten(0, 1).mT.unsqueeze(-1))
    return mask.view(relations.shape[:3])


def _reduced(layer: CoSegmentation, maps: Tensor) -> Tensor:
    reduced: Tensor = layer.reduce(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
    return reduced


def test_pooled_masks_are_made_from_the_cost_volume() -> None:
    layer, maps = _layer("pooled"), _maps(2, 4, CHANNELS, 4, 3)
    reduced = _reduced(layer, maps)
    volume = cost_volume(reduced)
    own = (descriptors(reduced) @ layer.get_parameter("mask_head.0.own.weight")[0, :, 0, 0])[..., None]
    best, mean = volume.amax(dim=-1).mean(dim=2), volume.mean(dim=(2, -1))

    expected = _head(layer, torch.cat([best[..., None], mean[..., None], own], dim=-1))

    torch.testing.assert_close(layer(maps).spatial_mask.flatten(2), expected)


def test_prototypes_are_those_of_the_other_frames() -> None:
    layer, maps = _layer("prototypes"), _maps(2, 4, CHANNELS, 4, 3)
    queries = layer.get_parameter("mask_head.0.queries")
    relations = []
    for clip in descriptors(_reduced(layer, maps)):
        pooled = []
        for frame in standardised(clip):
            scores = torch.stack([query @ frame.T / REDUCED**0.5 for query in queries])
            pooled.append(torch.stack([(weights[:, None] * frame).sum(0) for weights in scores.softmax(1)]))
        for number, frame in enumerate(clip):
            others = torch.stack([one for other, one in enumerate(pooled) if other != number])
            relations.append(ncc(frame, others.mean(dim=0)))

    expected = _head(layer, torch.stack(relations).unflatten(0, (2, 4)))

    torch.testing.assert_close(layer(maps).spatial_mask.flatten(2), expected)


@every_layer
@pytest.mark.parametrize("frames", [2, 5, 12])
def test_a_permuted_clip_has_its_masks_permuted(name: str, frames: int) -> None:
    layer, maps = _layer(name), _maps(2, frames, CHANNELS, 4, 2)
    order = torch.randperm(frames, generator=torch.Generator().manual_seed(3))

    straight, permuted = layer(maps), layer(maps[:, order])

    torch.testing.assert_close(permuted.spatial_mask, straight.spatial_mask[:, order])
    torch.testing.assert_close(permuted.maps, straight.maps[:, order])
    torch.testing.assert_close(permuted.channel_weights, straight.channel_weights)


@every_layer
def test_the_places_in_the_other_frames_do_not_matter(name: str) -> None:
    layer, maps = _layer(name), _maps(1, 3, CHANNELS, 4, 2)
    mirrored = maps.clone()
    mirrored[:, 1:] = mirrored[:, 1:].flip(-1)

    masks = layer.spatial_mask(maps)[:, 0], layer.spatial_mask(mirrored)[:, 0]

    torch.testing.assert_close(*masks)


@every_layer
def test_one_frame_stands_for_the_others_itself(name: str) -> None:
    layer, maps = _layer(name), _maps(3, 1, CHANNELS, 4, 2)

    alone, twice = layer.spatial_mask(maps), layer.spatial_mask(maps.expand(-1, 2, -1, -1, -1))

    torch.testing.assert_close(alone, twice[:, :1])


@every_layer
@pytest.mark.parametrize(("frames", "size"), [(1, (4, 2)), (64, (8, 4)), (3, (5, 7))])
def test_any_clip_and_any_map_is_taken(name: str, frames: int, size: tuple[int, int]) -> None:
    layer = LAYERS[name]()

    output = layer(torch.rand(2, frames, CHANNELS, *size))
    output.maps.sum().backward()

    assert layer.any_size
    assert output.maps.shape == (2, frames, CHANNELS, *size)
    assert output.spatial_mask.shape == (2, frames, 1, *size)
    assert all(one.grad is not None and one.grad.isfinite().all() for one in layer.parameters())


@every_layer
@pytest.mark.parametrize("frames", [1, 4])
def test_the_gradient_is_that_of_the_numbers(name: str, frames: int) -> None:
    layer, maps = _layer(name), _maps(2, frames, CHANNELS, 2, 2).requires_grad_()

    torch.autograd.gradcheck(lambda given: tuple(layer(given)), maps)


@every_layer
def test_masks_do_not_begin_saturated(name: str) -> None:
    torch.manual_seed(0)
    layer = LAYERS[name]()

    mask = layer(torch.rand(8, 4, CHANNELS, 8, 4)).spatial_mask

    assert 0.1 < mask.min() < mask.max() < 0.9


@every_layer
def test_clips_of_a_batch_do_not_see_one_another(name: str) -> None:
    layer, maps = _layer(name), _maps(3, 4, CHANNELS, 4, 2)

    together = layer(maps)

    for number, clip in enumerate(maps):
        torch.testing.assert_close(layer(clip[None]).maps[0], together.maps[number])


@every_layer
def test_flat_maps_give_finite_masks_and_gradients(name: str) -> None:
    layer = LAYERS[name]()
    maps = torch.zeros(1, 3, CHANNELS, 2, 2, requires_grad=True)
    with torch.no_grad():
        layer.get_parameter("reduce.1.bias").fill_(-5)  # the ReLU then leaves zeros alone

    output = layer.eval()(maps)
    output.maps.sum().backward()

    assert output.spatial_mask.isfinite().all()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in layer.parameters())


@every_layer
def test_bfloat16_autocast_keeps_the_masks(name: str) -> None:
    layer, maps = _layer(name).float(), _maps(2, 4, CHANNELS, 8, 4).float()
    exact = layer(maps)

    with torch.autocast("cpu", torch.bfloat16):
        rounded = layer(maps)

    assert (rounded.spatial_mask - exact.spatial_mask).abs().max() < 2e-2


@pytest.mark.parametrize("relations", [Affinity(REDUCED, 8, own=False), Prototypes(REDUCED, 4, own=False)])
def test_correlations_stay_in_float32_under_autocast(relations: nn.Module) -> None:
    maps = _maps(2, 3, REDUCED, 4, 2).bfloat16()

    with torch.autocast("cpu", torch.bfloat16):
        found = relations(maps)

    assert found.dtype == torch.float32
    torch.testing.assert_close(found, relations(maps.float()), rtol=0, atol=0)


@every_layer
def test_a_layer_is_restored_from_its_state(name: str) -> None:
    layer, maps = _layer(name), _maps(1, 3, CHANNELS, 4, 2)
    restored = LAYERS[name]().double().eval()

    restored.load_state_dict(layer.state_dict())

    torch.testing.assert_close(tuple(restored(maps)), tuple(layer(maps)), rtol=0, atol=0)


def test_residual_adds_the_masked_maps() -> None:
    layer, maps = _layer("pooled, residual"), _maps(1, 3, CHANNELS, 4, 2)

    output = layer(maps)

    masked = maps * output.spatial_mask
    torch.testing.assert_close(output.maps, masked + masked * output.channel_weights[:, None, :, None, None])
