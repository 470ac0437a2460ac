"""The readable forms that the fused ones are compared with compute the same."""

from typing import get_args

import pytest
import torch
from benchmarks.formulas import IN_A_LAYER, READABLE, readable
from torch import Tensor

from reid_cosam.models.cosam import Cosam, Variant


@pytest.mark.parametrize("variant", get_args(Variant))
@pytest.mark.parametrize("name", IN_A_LAYER)
def test_a_layer_in_a_readable_form_agrees(name: str, variant: Variant) -> None:
    torch.manual_seed(0)
    layer = Cosam(16, 4, (8, 4), 8, variant).double()
    maps = torch.rand(2, 4, 16, 8, 4, dtype=torch.float64)

    with readable(name):
        expected = _passed(layer, maps)

    torch.testing.assert_close(_passed(layer, maps), expected)


@pytest.mark.parametrize("name", READABLE)
def test_what_is_exchanged_exists_and_returns(name: str) -> None:
    places = READABLE[name]
    before = {(place, function): getattr(place, function) for place, function in places}

    with readable(name):
        assert all(getattr(place, function) is instead for (place, function), instead in places.items())

    assert all(getattr(place, function) is kept for (place, function), kept in before.items())


def _passed(layer: Cosam, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Output and gradient."""
    given = maps.clone().requires_grad_()
    output = layer(given).maps
    (gradient,) = torch.autograd.grad((output**2).sum(), given)
    return output.detach(), gradient
