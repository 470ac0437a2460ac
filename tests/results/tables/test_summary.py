"""Mean and deviation over seeds, worked out by hand; what counts twice, and what does not count."""

from collections.abc import Sequence

import pytest

from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.summary import Summary, summarise
from tests.results.tables.made_up import SE_COSAM, record


def summarised(records: Sequence[Record], splits: int = 1) -> Summary:
    return summarise(records, splits, records[0].scored.protocol if records else "released")


def split(seed: int, number: int, percent: float) -> Record:
    return record(SE_COSAM, seed, percent, data="ilids_vid", split=number, protocol="cross_camera")


def test_mean_and_sample_deviation_over_seeds() -> None:
    found = summarised([record(SE_COSAM, seed, value) for seed, value in enumerate((40.0, 42.0, 38.0))])

    assert found.mean["mAP"] == pytest.approx(40)
    assert found.deviation["R20"] == pytest.approx(2)  # sqrt((0 + 4 + 4) / 2)
    assert (found.seeds, found.notes) == (3, [])


def test_one_seed_has_no_deviation_and_none_has_nothing() -> None:
    assert summarised([record(SE_COSAM, 0, 40.0)]).deviation == {}
    nothing = summarised([])
    assert (nothing.mean, nothing.seeds) == ({}, 0)


def test_a_seed_is_the_mean_of_its_splits() -> None:
    records = [split(0, 0, 70.0), split(0, 1, 74.0), split(1, 0, 80.0), split(1, 1, 76.0)]

    found = summarised(records, 2)

    assert found.mean["R1"] == pytest.approx(75)  # of 72 and 78
    assert found.deviation["R1"] == pytest.approx(18**0.5)  # of splits it would be 4.2


def test_a_seed_without_all_splits_is_named_and_does_not_count() -> None:
    found = summarised([split(0, 0, 70.0), split(0, 1, 74.0), split(1, 0, 99.0)], 2)

    assert found.mean["R1"] == pytest.approx(72)
    assert found.seeds == 1
    (note,) = found.notes
    assert "ilids_vid, seed 1 left out: 1 of 2 splits have a result" in note


def test_of_two_results_of_one_key_the_last_counts_and_both_are_named() -> None:
    found = summarised([record(SE_COSAM, 0, 40.0, run="first"), record(SE_COSAM, 0, 50.0, run="again")])

    assert found.mean["mAP"] == pytest.approx(50)
    assert found.seeds == 1
    (note,) = found.notes
    assert note.endswith("seed 0: 2 results, of which the last counts: first (mAP 40.0), again (mAP 50.0)")


def test_results_of_other_settings_do_not_mix() -> None:
    released = [record(SE_COSAM, seed, 90.0, recipe="released", iterations=62400) for seed in (0, 1)]

    found = summarised([released[0], *(record(SE_COSAM, seed, 40.0) for seed in range(3)), released[1]])

    assert found.mean["mAP"] == pytest.approx(40)
    assert found.seeds == 3
    (note,) = found.notes
    assert "2 seeds of other settings left out (released recipe, 62400 iterations" in note
