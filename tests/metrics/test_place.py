"""How much of masks is place, by hand."""

import pytest
import torch

from reid_cosam.metrics.place import mask_spread

LEFT, RIGHT = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])


@pytest.mark.parametrize(
    ("masks", "share"),
    [
        ([LEFT, LEFT], 1.0),  # the same mask in every frame
        ([LEFT, RIGHT], 0.0),  # either place as often: the mean mask is flat
        ([LEFT, LEFT, LEFT, RIGHT], 0.25),  # mean mask 3/4 and 1/4: variance 1/16, of 1/4 in all
        ([0 * LEFT, LEFT + RIGHT], 0.0),  # frames differ in brightness alone
    ],
)
def test_the_share_of_place(masks: list[torch.Tensor], share: float) -> None:
    assert mask_spread(torch.stack(masks)).place_share == pytest.approx(share)


@pytest.mark.parametrize("level", [0.0, 0.99])
def test_noise_of_frames_adds_its_variance(level: float) -> None:
    """Also around a level that is large beside the deviation, as of a head that lets everything pass."""
    mean_mask = level + 1e-3 * torch.tensor([[2.0, 0.0], [0.0, 2.0]])  # variance 1e-6
    masks = torch.cat([mean_mask + noise for noise in 1e-3 * torch.tensor([[[[1.0]]], [[[-1.0]]]])])

    spread = mask_spread(masks)

    assert spread.place_share == pytest.approx(0.5, rel=1e-3)
    assert spread.mean == pytest.approx(level + 1e-3, rel=1e-4)
    assert spread.deviation == pytest.approx(2e-6**0.5, rel=1e-3)


def test_masks_of_one_value_have_no_variance_to_share() -> None:
    assert mask_spread(torch.full((3, 2, 2), 0.3)).place_share is None
