"""How much of a mask is place, by hand."""

import pytest
import torch
from experiments.cosam_effect.masks import MaskStatistics, change_masks

from reid_cosam.models.cosam import Cosam

LEFT, RIGHT = torch.tensor([[[[[1.0, 0.0]]]]]), torch.tensor([[[[[0.0, 1.0]]]]])


@pytest.mark.parametrize(
    ("masks", "share"),
    [
        ([LEFT, LEFT], 1.0),  # always the same place
        ([LEFT, RIGHT], 0.0),  # either place as often
        ([LEFT, LEFT, LEFT, RIGHT], 0.25),  # mean map 3/4 and 1/4: variance 1/16, of 1/4 in all
    ],
)
def test_the_share_of_place(masks: list[torch.Tensor], share: float) -> None:
    seen = MaskStatistics()

    for mask in masks:
        seen.add(mask)

    assert seen.share_of_place == pytest.approx(share)


def test_the_mean_mask_stands_everywhere() -> None:
    seen = MaskStatistics()
    seen.add(torch.cat([LEFT, RIGHT, LEFT, LEFT]))

    assert seen.mean_everywhere(RIGHT).tolist() == [[[[[0.75, 0.25]]]]]


def test_a_changed_mask_is_what_the_layer_uses() -> None:
    layer = Cosam(4, 2, (2, 3), 4).eval()
    maps = torch.rand(1, 2, 4, 2, 3)

    change_masks(layer, torch.zeros_like)

    assert layer(maps).spatial_mask.count_nonzero() == 0
    assert layer(maps).maps.count_nonzero() == 0
