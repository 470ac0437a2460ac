"""How attention covers the person: worked out by hand, and against the pixels of enlarged masks."""

import pytest
import torch
from torch import Tensor

from reid_cosam.metrics.coverage import (
    best_overlap,
    energy_inside,
    means,
    overlap,
    person_share,
)

# One frame of 2 x 2 locations: the person fills the first, half of the second and nothing below.
ATTENTION = torch.tensor([[[0.9, 0.4], [0.6, 0.1]]])
SHARE = torch.tensor([[[1.0, 0.5], [0.0, 0.0]]])


def random_person(frames: int, height: int, width: int) -> Tensor:
    return torch.rand(frames, height, width, generator=torch.Generator().manual_seed(3)) < 0.4


def random_attention(*shape: int) -> Tensor:
    """One of ten values everywhere, so that many are equal."""
    return torch.randint(1, 11, shape, generator=torch.Generator().manual_seed(4)) / 10


def pixel_overlap(attention: Tensor, person: Tensor, threshold: float) -> float:
    """The mask enlarged to the picture by repeating its locations, then compared pixel by pixel."""
    height, width = person.shape[-2] // attention.shape[-2], person.shape[-1] // attention.shape[-1]
    chosen = attention.repeat_interleave(height, dim=-2).repeat_interleave(width, dim=-1) >= threshold
    return ((chosen & person).sum() / (chosen | person).sum()).item()


def test_means_inside_and_outside() -> None:
    person = torch.zeros(1, 4, 4, dtype=torch.bool)
    person[:, :2] = True
    attention = torch.tensor([[[0.9, 0.7], [0.1, 0.3]]])

    assert means(attention, person_share(person, (2, 2))) == pytest.approx((0.8, 0.2))


def test_a_location_covered_in_part_counts_for_that_part() -> None:
    person = torch.tensor([[[True, False, False, False]]])
    attention = torch.tensor([[[0.6, 0.2]]])

    # The left location is half person: inside is its mask alone, outside half of it and all of the right one.
    assert means(attention, person_share(person, (1, 2))) == pytest.approx((0.6, (0.5 * 0.6 + 0.2) / 1.5))


def test_the_share_of_a_location_is_that_of_its_pixels() -> None:
    person = torch.tensor([[[True, True, False, True], [True, True, False, False]]])

    assert person_share(person, (1, 2)).tolist() == [[[1.0, 0.25]]]
    assert person_share(person, (2, 4)).tolist() == person.float().tolist()


def test_energy_is_the_part_of_the_sum_on_the_person() -> None:
    assert energy_inside(ATTENTION, SHARE) == pytest.approx((0.9 + 0.5 * 0.4) / 2.0)


def test_the_energy_of_a_flat_mask_is_the_persons_share_of_the_picture() -> None:
    assert energy_inside(torch.full((1, 2, 2), 0.3), SHARE) == pytest.approx(1.5 / 4)


def test_overlap_counts_the_share_of_each_location() -> None:
    # At 0.9 one location, all person, of 1.5; at 0.6 two, with 1 of 1.5; at 0.4 three, with all 1.5.
    assert overlap(ATTENTION, SHARE, 0.9) == pytest.approx(1 / 1.5)
    assert overlap(ATTENTION, SHARE, 0.6) == pytest.approx(1 / 2.5)
    assert overlap(ATTENTION, SHARE, 0.4) == pytest.approx(1.5 / 3)
    assert overlap(ATTENTION, SHARE, 0.95) == 0


def test_where_nobody_is_and_nothing_chosen_nothing_overlaps() -> None:
    nobody = torch.zeros(1, 2, 2)

    assert overlap(ATTENTION, nobody, 0.95) == 0
    assert means(ATTENTION, nobody).inside != means(ATTENTION, nobody).inside  # NaN
    assert means(ATTENTION, nobody).outside == pytest.approx(0.5)


@pytest.mark.parametrize("threshold", [0.15, 0.5, 0.8])
def test_overlap_is_that_of_the_enlarged_mask(threshold: float) -> None:
    attention, person = random_attention(3, 4, 2), random_person(3, 16, 8)

    found = overlap(attention, person_share(person, (4, 2)), threshold)

    assert found == pytest.approx(pixel_overlap(attention, person, threshold))


def test_the_best_threshold_is_the_best_of_all() -> None:
    attention, person = random_attention(5, 4, 2), random_person(5, 16, 8)
    by_hand = {level / 10: pixel_overlap(attention, person, level / 10 - 0.01) for level in range(1, 11)}

    found = best_overlap(attention, person_share(person, (4, 2)))

    assert found.iou == pytest.approx(max(by_hand.values()))
    assert found.threshold == pytest.approx(max(by_hand, key=by_hand.__getitem__))


def test_a_threshold_does_not_part_equal_attention() -> None:
    # Taking the first location alone would overlap fully; but the second is as strong.
    found = best_overlap(torch.tensor([[[0.7, 0.7]]]), torch.tensor([[[1.0, 0.0]]]))

    assert found == pytest.approx((0.5, 0.7))


def test_attention_that_is_the_person_overlaps_fully() -> None:
    person = random_person(2, 4, 4).float()

    assert best_overlap(0.1 + 0.8 * person, person) == pytest.approx((1.0, 0.9))
