"""The mean over locations, against torch's own."""

import pytest
import torch

from reid_cosam.models.ops.location_mean import location_mean


def _maps(dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 16, 6, 3, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_the_mean_bit_by_bit(dtype: torch.dtype) -> None:
    maps = _maps(dtype)

    torch.testing.assert_close(location_mean(maps), maps.mean(dim=(2, 3)), rtol=0, atol=0)


def test_gradients() -> None:
    assert torch.autograd.gradcheck(location_mean, (_maps(torch.float64),))


def test_bfloat16_maps_are_summed_in_float32() -> None:
    # bfloat16 has 8 bits: added one by one, ones would stop counting at 256
    maps = torch.ones(2, 3, 64, 32, dtype=torch.bfloat16)
    maps[:, 1] = 3

    torch.testing.assert_close(location_mean(maps)[0], torch.tensor([1, 3, 1]).bfloat16())


def test_a_wider_type_is_that_of_the_mean_and_not_of_the_gradient() -> None:
    maps = _maps(torch.bfloat16)
    weights = torch.arange(64.0).view(4, 16)

    mean = location_mean(maps, torch.float32)
    (found,) = torch.autograd.grad((mean * weights).sum(), maps)
    (expected,) = torch.autograd.grad((maps.mean(dim=(2, 3), dtype=torch.float32) * weights).sum(), maps)

    assert mean.dtype == torch.float32
    torch.testing.assert_close(mean, maps.float().mean(dim=(2, 3)))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_frames_of_clips_are_taken_one_by_one(dtype: torch.dtype) -> None:
    maps = _maps(dtype).detach()

    by_clip = location_mean(maps.unflatten(0, (2, 2)))

    torch.testing.assert_close(by_clip, location_mean(maps).unflatten(0, (2, 2)), rtol=0, atol=0)
