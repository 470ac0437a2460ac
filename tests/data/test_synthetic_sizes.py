from dataclasses import replace

import pytest

from reid_cosam.data import synthetic
from reid_cosam.data.synthetic.randomness import TRAIN
from reid_cosam.data.synthetic.tracklets import identity_look
from tests.data.walkers import TINY


def test_a_record_of_another_renderer_is_refused() -> None:
    with pytest.raises(ValueError, match="renderer version 0"):
        synthetic.SyntheticSpec.from_record({**TINY.record(), "renderer_version": 0})


def test_another_seed_gets_another_folder_and_other_people() -> None:
    other = replace(TINY, seed=1)

    assert other.folder_name != TINY.folder_name
    assert identity_look(other, TRAIN, 1) != identity_look(TINY, TRAIN, 1)


def test_sizes_are_found_by_name_and_seed() -> None:
    assert synthetic.spec("small", 0) == synthetic.SIZES["small"]
    assert synthetic.spec("medium", 7) == replace(synthetic.SIZES["medium"], seed=7)
    with pytest.raises(ValueError, match=r"'huge' is unknown; choose one of small, medium, full"):
        synthetic.spec("huge", 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("test_tracklets", 1),
        ("frames", (5, 4)),
        ("cameras", 1),
        ("height", 0),
        ("test_ids", 9997),
        ("name", "a b"),
    ],
)
def test_a_value_out_of_range_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field}="):
        replace(TINY, **{field: value})  # type: ignore[arg-type]
