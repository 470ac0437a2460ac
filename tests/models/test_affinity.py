"""Statistics of the affinity, against the cost volume written out and loops over frames."""

import pytest
import torch
from torch import Tensor

from reid_cosam.models import affinity
from reid_cosam.models.affinity import affinity_statistics
from reid_cosam.models.correlation import cost_volume, descriptors, ncc, standardised


def _maps(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _statistics(maps: Tensor, references: int) -> Tensor:
    return affinity_statistics(standardised(descriptors(maps)), references)


@pytest.mark.parametrize("at_once", [None, 1, 40])  # whole, location by location, with a rest
@pytest.mark.parametrize(("frames", "references"), [(2, 1), (4, 3), (4, 8), (9, 8)])
def test_with_references_enough_they_are_those_of_the_whole_cost_volume(
    frames: int, references: int, at_once: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if at_once is not None:
        monkeypatch.setattr(affinity, "_AT_ONCE", at_once)
    maps = _maps(2, frames, 6, 4, 2).requires_grad_()
    grad_output = _maps(2, frames, 8, 2)

    found = _statistics(maps, references)
    volume = cost_volume(maps)
    expected = torch.stack([volume.amax(dim=-1).mean(dim=2), volume.mean(dim=(2, -1))], dim=-1)

    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(one, maps, grad_output)[0] for one in (found, expected)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("at_once", [None, 1, 40])
@pytest.mark.parametrize(("frames", "references"), [(4, 1), (7, 2), (10, 8)])
def test_a_long_clip_is_compared_with_the_frames_nearest_to_its_mean(
    frames: int, references: int, at_once: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if at_once is not None:
        monkeypatch.setattr(affinity, "_AT_ONCE", at_once)
    maps = _maps(2, frames, 6, 3, 2)

    found = _statistics(maps, references)

    for clip, ours in zip(descriptors(maps), found, strict=True):
        means = standardised(clip).mean(dim=1)
        distances = (means - means.mean(dim=0)).norm(dim=1).tolist()
        nearest = sorted(range(frames), key=lambda frame: distances[frame])
        for frame in range(frames):
            compared = [other for other in nearest if other != frame][:references]
            volume = torch.stack([ncc(clip[frame], clip[other]) for other in compared])
            expected = torch.stack([volume.amax(dim=2).mean(dim=0), volume.mean(dim=(0, 2))], dim=-1)
            torch.testing.assert_close(ours[frame], expected)


@pytest.mark.parametrize("references", [1, 2, 8])
def test_the_gradient_is_that_of_the_numbers(references: int) -> None:
    maps = _maps(2, 4, 5, 2, 2).requires_grad_()

    torch.autograd.gradcheck(lambda given: _statistics(given, references), maps)


def test_nothing_of_the_size_of_the_cost_volume_is_saved_for_backward() -> None:
    sizes: list[int] = []

    def measured(tensor: Tensor) -> Tensor:
        sizes.append(tensor.numel())
        return tensor

    maps = _maps(1, 6, 5, 16, 8).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(measured, lambda tensor: tensor):
        _statistics(maps, 5)

    assert max(sizes) == maps.numel()  # 5 channels are as many as the other frames
