"""Curves of several seeds."""

from pathlib import Path

import numpy as np
import pytest

from reid_cosam.results.report.curves import logged, panels
from tests.results.report.made_up import run, write_curves, write_run


def test_seeds_are_laid_over_each_other_where_all_were_logged(tmp_path: Path) -> None:
    first, second, other = (
        write_run(tmp_path, 0.5, "cosam=[4]", "seed=0"),
        write_run(tmp_path, 0.5, "cosam=[4]", "seed=1"),
        write_run(tmp_path, 0.5, "cosam=[]"),
    )
    write_curves(first, "curves", {1: 5.0, 2: 4.0, 3: 3.0}, mAP={2: 0.25, 3: 0.5})
    write_curves(second, "curves", {1: 6.0, 3: 2.0}, mAP={3: 0.75})
    write_curves(other, "curves", {1: 1.0, 2: 0.5})

    loss, *scores = panels([run(folder) for folder in (first, second, other)], [])

    assert (loss.title, loss.quantity) == (
        "se_resnet_tiny, tp_avg, N=4 on synthetic small, 64x32",
        "training loss",
    )
    assert [curve.label for curve in loss.curves] == ["COSAM [4]", "no COSAM"]
    np.testing.assert_array_equal(loss.curves[0].iterations, [1, 3])
    np.testing.assert_array_equal(loss.curves[0].values, [[5, 3], [6, 2]])
    assert scores == []  # only one evaluation is common to both seeds: a point is no curve


def test_scores_are_drawn_in_percent(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    write_curves(folder, "curves", {}, mAP={10: 0.25, 20: 0.5})

    (panel,) = panels([run(folder)], [])

    assert panel.quantity == "mAP (%)"
    np.testing.assert_array_equal(panel.curves[0].values, [[25, 50]])


def test_a_damaged_file_of_curves_is_named_and_the_others_are_drawn(tmp_path: Path) -> None:
    whole, torn, wordy = (write_run(tmp_path, 0.5, f"seed={seed}") for seed in range(3))
    for folder in (whole, torn, wordy):
        write_curves(folder, "curves", {1: 5.0, 2: 4.0})
    (torn / "curves" / "metrics.csv").write_bytes(b"\xff\xfe\x00")
    (wordy / "curves" / "metrics.csv").write_text("step,train/total\n1,large\n2,small\n")
    faults: list[str] = []

    (panel,) = panels([run(folder) for folder in (whole, torn, wordy)], faults)

    assert [one.folder for one in panel.curves[0].runs] == [whole]
    assert [fault.partition(" left out: ")[0] for fault in faults] == [
        f"the curves of {torn}",
        f"the curves of {wordy}",
    ]


def test_runs_that_were_trained_otherwise_have_a_panel_of_their_own(tmp_path: Path) -> None:
    folders = [
        write_run(tmp_path / name, 0.5, f"recipe.optimiser.learning_rate={rate}")
        for name, rate in (("a", 0.1), ("b", 0.2), ("twin", 0.1))
    ]
    for folder in folders:
        write_curves(folder, "curves", {1: 5.0, 2: 4.0})

    found = panels([run(folder) for folder in folders], [])

    assert [panel.title.partition("64x32")[2] for panel in found] == [
        ", recipe.optimiser.learning_rate=0.1",
        ", recipe.optimiser.learning_rate=0.2",
    ]
    assert [len(panel.curves[0].runs) for panel in found] == [1, 1]  # of twins the last


def test_curves_that_break_off_are_none(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5, "recipe.max_steps=100", "trainer.log_every=10")
    write_curves(folder, "curves", {10: 5.0, 20: 4.0})

    with pytest.raises(ValueError, match="they end after iteration 20 of 100"):
        logged(run(folder))


def test_curves_go_on_over_an_interruption(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    write_curves(folder, "curves_before_1", {1: 5.0, 2: 4.0})
    write_curves(folder, "curves", {2: 4.0, 3: 3.0})

    curves = logged(run(folder))

    assert curves is not None
    assert curves["train/total"].to_dict() == {1: 5, 2: 4, 3: 3}
