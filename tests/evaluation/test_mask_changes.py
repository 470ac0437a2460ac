"""Changed masks of a network's layers: who gets whose, and that copies follow."""

import copy

import numpy as np
import pytest
import torch

from reid_cosam.evaluation.mask_changes import MASK, ChangeableLayers, changes_of, swap_partners
from reid_cosam.models.cosam import Cosam
from tests.visualization.test_spatial_masks import network

MASKS = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]).reshape(4, 1, 1, 2)  # of four clips


def test_each_change_by_hand() -> None:
    changes = changes_of(MASKS, np.array([2, 3, 0, 1]))
    made = torch.tensor([0.2, 0.4, 0.0, 1.0]).reshape(2, 1, 1, 1, 2)  # of the last two clips

    of_masks = {name: change for name, (method, change) in changes.items() if method == MASK}
    masks = {name: change(made, 2).flatten().tolist() for name, change in of_masks.items()}

    assert masks == {
        "flat": pytest.approx([0.3, 0.3, 0.5, 0.5]),
        "by place": [0.75, 0.25, 0.75, 0.25],
        "swapped": [1.0, 0.0, 0.0, 1.0],  # those of the first two
    }
    weights = changes["flat channels"][1](torch.tensor([[0.2, 0.6], [0.0, 1.0]]), 2)
    assert weights.tolist() == [[pytest.approx(0.4)] * 2, [0.5, 0.5]]


@pytest.mark.parametrize("persons", [[1, 1, 1, 2, 2, 3], [7, 7, 8, 8], [5, 3, 5, 2, 1, 5]])
def test_each_clip_gets_one_of_another_person_and_each_is_used_once(persons: list[int]) -> None:
    people = np.array(persons)
    found = set()

    for seed in range(20):
        partners = swap_partners(people, seed)
        assert partners is not None
        assert sorted(partners) == list(range(len(people)))
        assert (people[partners] != people).all()
        np.testing.assert_array_equal(partners, swap_partners(people, seed))
        found.add(tuple(partners))

    assert len(found) > 1


def test_clips_cannot_be_swapped_where_one_person_has_more_than_half() -> None:
    assert swap_partners(np.array([1, 1, 1, 2, 3]), seed=0) is None


def test_a_changed_mask_is_what_the_layer_and_its_copies_use() -> None:
    chosen = network("[4]").eval()
    layers = ChangeableLayers(chosen)
    copied = copy.deepcopy(chosen)
    for one in (chosen, copied):
        layer = one.attention["4"]
        assert isinstance(layer, Cosam)
        maps = torch.rand(1, *layer.expected)
        own = layer(maps).maps
        layers.changes = {(4, MASK): lambda made, _: torch.zeros_like(made)}
        assert layer(maps).spatial_mask.count_nonzero() == 0
        assert layer(maps).maps.count_nonzero() == 0
        layers.changes = {}
        assert torch.equal(layer(maps).maps, own)
