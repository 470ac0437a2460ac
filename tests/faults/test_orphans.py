"""Commands killed while others work for them: none of those lives on, and nothing half done stays.

The fixture `leaves_no_process` waits for their end.
"""

import signal
from collections.abc import Set
from pathlib import Path

import psutil
import pytest

from tests.faults.commands import SMALL_RUN, TWO_RANKS, Started, processes_in, started

LONG = (*SMALL_RUN, "trainer.max_steps=5000")
AT_ONCE = ("launcher=joblib", "hydra.launcher.n_jobs=3", "seed=0,1", "registry=kept")


def scratch(root: Path) -> set[Path]:
    return set(root.glob(".synthetic-*"))


def until_rendering(command: Started, root: Path, before: Set[Path] = frozenset()) -> None:
    """Waits until images are written into a new scratch folder by several processes."""
    command.until(lambda: any(any(one.rglob("*.jpg")) for one in scratch(root) - before))


def test_a_killed_render_leaves_what_the_next_one_removes(tmp_path: Path) -> None:
    root = tmp_path / "data"
    command = (*SMALL_RUN, f"data.root={root}")
    with started("train", tmp_path, *command) as killed:
        until_rendering(killed, root)
        killed.send(signal.SIGKILL)
        killed.end()
    left = scratch(root)
    assert len(left) == 1

    with started("train", tmp_path, *command) as told:
        until_rendering(told, root, left)
        assert len(scratch(root)) == 1
        assert not scratch(root) & left
        told.send(signal.SIGTERM)
        status = told.end(20)

    assert status == 143, told.errors
    assert "Traceback" not in told.errors
    assert list(root.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("when", ["Launching jobs", "iteration 2/"])
def test_a_killed_sweep_leaves_no_worker(
    when: str, number: signal.Signals, walkers: Path, tmp_path: Path
) -> None:
    with started("train", tmp_path, "-m", *LONG, *AT_ONCE, f"data.root={walkers}") as sweep:
        sweep.until(when)
        sweep.until(lambda: any("LokyProcess" in " ".join(one.cmdline()) for one in processes_in(tmp_path)))
        sweep.send(number)
        sweep.end()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR1])
def test_ranks_end_without_the_process_that_watches_over_them(
    number: signal.Signals, walkers: Path, tmp_path: Path
) -> None:
    with started("train", tmp_path, *LONG, *TWO_RANKS, f"data.root={walkers}") as run:
        run.until("iteration 2/")
        (watching,) = psutil.Process(run.process.pid).children()
        watching.send_signal(number)
        status = run.end()

    assert status == 1
    assert "error: a rank of the distributed run in " in run.errors


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU])
def test_a_launcher_passes_on_whatever_tells_it_to_stop(
    number: signal.Signals, walkers: Path, tmp_path: Path
) -> None:
    with started("train", tmp_path, *LONG, *TWO_RANKS, f"data.root={walkers}") as run:
        run.until("iteration 2/")
        run.send(number)
        status = run.end()

    assert status == 128 + number, run.errors
    assert len(list(tmp_path.rglob("last.ckpt"))) == 1
