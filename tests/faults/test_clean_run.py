"""What the other tests here disturb works when nothing disturbs it."""

from pathlib import Path

from tests.faults.commands import SMALL_RUN, finished, metrics, strays


def test_the_undisturbed_run_ends_well(walkers: Path, tmp_path: Path) -> None:
    run = finished("train", tmp_path, *SMALL_RUN, f"data.root={walkers}", "trainer.max_steps=2")

    assert run.end() == 0, run.errors
    assert metrics(tmp_path)["step"] == 2
    assert not strays(tmp_path)
