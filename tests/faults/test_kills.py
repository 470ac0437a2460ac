"""A sweep that is killed again and again ends as one that nobody touched."""

import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from reid_cosam.results.store import read_record
from tests.faults.commands import SMALL_RUN, TWO_RANKS, finished, processes_in, started, strays

KILLS = int(os.environ.get("REID_COSAM_KILLS", "6"))
STEPS = 60  # of each of two runs
LONGEST = 25.0  # seconds between start and kill; the first iteration comes after a third of it
SWEEP = (
    *("-m", "seed=0,1", *SMALL_RUN, *TWO_RANKS, "registry=kept", f"trainer.max_steps={STEPS}"),
    *("trainer.checkpoint_every=1", f"trainer.eval_every={STEPS // 3}"),
)
OUTPUTS = ("queries.csv", "ranked.csv", "cmc.csv")


def kill(command: psutil.Process, folder: Path, rng: random.Random) -> None:
    """The command alone, one of its processes, or all of them."""
    victims = {
        "command": [command],
        "one": rng.sample(processes_in(folder), 1) if processes_in(folder) else [command],
        "all": processes_in(folder),
    }[rng.choice(["command", "one", "all"])]
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue


def result(run: Path) -> dict[str, Any]:
    scores = read_record(run / "metrics.json")
    scores["data"].pop("root")
    return scores | {name: (run / name).read_bytes() for name in OUTPUTS}


def assert_same(broken: Path, whole: Path) -> None:
    for name in sorted(path.name for path in (whole / "kept").iterdir()):
        ours, theirs = broken / "kept" / name, whole / "kept" / name
        assert result(ours) == result(theirs)
        first, second = (
            torch.load(one / "checkpoints" / "last.ckpt", weights_only=True) for one in (ours, theirs)
        )
        assert all(torch.equal(first["state_dict"][key], one) for key, one in second["state_dict"].items())
    assert not strays(broken)


@pytest.mark.slow
def test_a_killed_sweep_ends_as_one_that_nobody_touched(walkers: Path, tmp_path: Path) -> None:
    rng, kills, sweeps = random.Random(0), 0, 0
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    for folder in (broken, whole):
        folder.mkdir()
    sweep = (*SWEEP, f"data.root={walkers}")
    assert finished("train", whole, *sweep).end() == 0
    while kills < KILLS:
        with started("train", broken, *sweep) as run:
            deadline = time.monotonic() + rng.uniform(0, LONGEST)
            while time.monotonic() < deadline and run.process.poll() is None:
                time.sleep(0.01)
            if run.process.poll() is None:
                kill(psutil.Process(run.process.pid), broken, rng)
                kills += 1
                time.sleep(rng.uniform(0, 2))  # before what is left of it, if anything, is killed as well
        if run.process.returncode == 0:
            assert_same(broken, whole)
            shutil.rmtree(broken / "kept")
            sweeps += 1

    last = finished("train", broken, *sweep, "retry_failed=true")

    assert last.end() == 0, last.errors
    assert_same(broken, whole)
    assert not processes_in(broken)
    print(f"{kills} kills of {sweeps + 1} sweeps")
