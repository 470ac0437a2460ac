"""Attention inside and outside the person, worked out by hand."""

import pytest
import torch

from reid_cosam.metrics.coverage import coverage


def test_means_inside_and_outside() -> None:
    person = torch.zeros(1, 4, 4, dtype=torch.bool)
    person[:, :2] = True
    attention = torch.tensor([[[0.9, 0.7], [0.1, 0.3]]])

    assert coverage(attention, person) == pytest.approx((0.8, 0.2))


def test_a_location_covered_in_part_counts_for_that_part() -> None:
    person = torch.tensor([[[True, False, False, False]]])
    attention = torch.tensor([[[0.6, 0.2]]])

    # The left location is half person: inside is its mask alone, outside half of it and all of the right one.
    assert coverage(attention, person) == pytest.approx((0.6, (0.5 * 0.6 + 0.2) / 1.5))
