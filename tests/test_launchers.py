"""Sweeps over registered runs: with each launcher, with ranks, with a failure, killed and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reid_cosam.sweeps import run_lock
from tests.support.commands import read_config, render_walkers, train

pytestmark = pytest.mark.slow

SWEEP = (
    "experiment=[table7,tables_synthetic]",
    "seeds=[0]",
    "data.height=64",
    "data.width=32",
    "recipe.max_steps=2",
    "recipe.sampling.tracklets=2",
    "trainer.log_every=1",
    "registry=kept",
)
FOUR = [
    *("resnet_tiny-cosam45-tp_avg-n4-seed0", "resnet_tiny-no-cosam-tp_avg-n4-seed0"),
    *("se_resnet_tiny-cosam45-tp_avg-n4-seed0", "se_resnet_tiny-no-cosam-tp_avg-n4-seed0"),
]
LAUNCHERS = pytest.mark.parametrize(
    "launcher", [("launcher=joblib", "hydra.launcher.n_jobs=2"), ("launcher=slurm_local",)]
)


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


def finished(folder: Path) -> list[str]:
    return sorted(path.parent.name.rpartition("-")[0] for path in folder.glob("kept/*/metrics.json"))


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@LAUNCHERS
def test_a_launcher_trains_every_run_of_a_sweep_once(
    launcher: tuple[str, ...], walkers: Path, tmp_path: Path
) -> None:
    done = train(tmp_path, *SWEEP, f"data.root={walkers}", *launcher)
    again = train(tmp_path, *SWEEP, f"data.root={walkers}", *launcher)

    assert done.returncode == again.returncode == 0, done.stderr + again.stderr
    assert finished(tmp_path) == FOUR
    assert done.stdout.endswith("4 runs: 4 trained\n")
    assert again.stdout.endswith("4 runs: 4 finished before\n")


@LAUNCHERS
def test_two_ranks_inside_a_sweep_train_its_own_values(
    launcher: tuple[str, ...], walkers: Path, tmp_path: Path
) -> None:
    ranks = ("trainer.devices=2", "backbone=resnet_tiny")
    done = train(tmp_path, *SWEEP, *ranks, f"data.root={walkers}", *launcher)

    assert done.returncode == 0, done.stderr
    assert finished(tmp_path) == FOUR[:2]
    attended = {tuple(read_config(run)["cosam"]) for run in (tmp_path / "kept").iterdir()}
    assert attended == {(), (4, 5)}
    assert all(read_config(run)["trainer"]["devices"] == 2 for run in (tmp_path / "kept").iterdir())


@pytest.mark.parametrize("ranks", [(), ("trainer.devices=2",)])
def test_a_failed_run_stops_no_other_and_is_retried_on_request(
    ranks: tuple[str, ...], walkers: Path, tmp_path: Path
) -> None:
    one_too_large = "recipe.sampling.identities=64,4"  # of 8 identities
    sweep = (*SWEEP, f"data.root={walkers}", "backbone=resnet_tiny", "cosam=[]", one_too_large, *ranks)
    done = train(tmp_path, *sweep)
    again = train(tmp_path, *sweep)
    retried = train(tmp_path, *sweep, "retry_failed=true")

    assert done.returncode == again.returncode == retried.returncode == 1
    assert "2 runs: 1 failed, 1 trained" in done.stdout
    assert "2 runs: 1 failed, 1 finished before" in again.stdout
    (failure,) = (tmp_path / "kept").glob("*/failure.json")
    assert json.loads(failure.read_text())["error"].startswith("recipe.sampling.identities=64")
    assert f"failed: {failure.parent} failed before: recipe.sampling.identities=64: " in again.stdout
    assert "failed before" not in retried.stdout


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("launcher=serial", signal.SIGKILL),
        ("launcher=serial", signal.SIGTERM),
        ("launcher=joblib", signal.SIGKILL),
        ("trainer.devices=2", signal.SIGKILL),
        ("trainer.devices=2", signal.SIGTERM),
    ],
)
def test_a_killed_sweep_goes_on_where_it_was(
    how: str, number: signal.Signals, walkers: Path, tmp_path: Path
) -> None:
    long = ("recipe.max_steps=30", "trainer.checkpoint_every=1", "backbone=resnet_tiny", how)
    command = [sys.executable, "-m", "reid_cosam.train", *SWEEP, f"data.root={walkers}", *long]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as sweep:
        wait_for(lambda: finished(tmp_path) == ["resnet_tiny-no-cosam-tp_avg-n4-seed0"])
        wait_for(lambda: len(list(tmp_path.glob("kept/*/checkpoints/last.ckpt"))) == 2)
        os.kill(sweep.pid, number)
    assert sweep.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert not list(tmp_path.glob("kept/*/failure.json"))
    (first,) = tmp_path.glob("kept/*/metrics.json")
    written = first.stat().st_mtime_ns
    (second,) = (folder for folder in (tmp_path / "kept").iterdir() if folder != first.parent)
    wait_for(lambda: not run_lock.is_running(second), seconds=40)  # what it started ends as well

    again = train(tmp_path, *SWEEP, f"data.root={walkers}", *long)

    assert again.returncode == 0, again.stderr
    assert "2 runs: 1 finished before, 1 trained" in again.stdout
    assert "resuming from" in again.stdout
    assert first.stat().st_mtime_ns == written
    assert finished(tmp_path) == FOUR[:2]
