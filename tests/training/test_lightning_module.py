"""What a training step accepts from a loss and from an augmentation."""

import re
from typing import Any, NamedTuple

import pytest
import torch

from reid_cosam.training.lightning_module import _check_draw, _terms


class Terms(NamedTuple):
    total: Any
    other: Any


ONE, TWO = torch.tensor(1.0), torch.tensor(2.0)


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (ONE, {"total": ONE}),
        (Terms(ONE, TWO), {"total": ONE, "other": TWO}),
        ({"total": ONE, "other": TWO}, {"total": ONE, "other": TWO}),
    ],
)
def test_a_loss_returns_a_scalar_or_named_ones(returned: object, expected: dict[str, Any]) -> None:
    assert _terms(returned) == expected


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (None, "None"),
        (1.0, "1.0"),
        ((ONE, TWO), "(tensor(1.), tensor(2.))"),
        ({"triplet": ONE}, "{'triplet': tensor(1.)}"),
        (Terms(ONE, 2.0), "Terms(total=tensor(1.), other=2.0)"),
        (torch.ones(3), "a tensor [3]"),
    ],
)
def test_other_results_of_a_loss_are_refused(returned: object, got: str) -> None:
    with pytest.raises(ValueError, match=rf"^recipe\.loss .*total.*{re.escape(got)}"):
        _terms(returned)


def test_a_draw_has_an_entry_for_every_clip() -> None:
    _check_draw(Terms(torch.ones(4), torch.ones(4, 2)), num_clips=4)
    for draw in (None, (torch.ones(4),), Terms(torch.ones(4), torch.ones(2)), Terms(torch.ones(4), 1)):
        with pytest.raises(ValueError, match=r"^recipe\.augmentation: .*\(4\), got "):
            _check_draw(draw, num_clips=4)
