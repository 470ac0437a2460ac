"""Runs that end before their time: told by SIGTERM or Ctrl-C, or by an error that comes to one rank alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import SMALL, render_walkers, train

pytestmark = pytest.mark.slow

TWO_RANKS = ("trainer=ddp", "trainer.devices=2", "trainer.accelerator=cpu")
LONG = (*SMALL, "trainer.max_steps=2000", "trainer.eval_every=2000", "backbone=resnet_tiny", "logger=none")
WITH_WORKERS = (*LONG, "data.workers=2")


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


def stopped(folder: Path, end: Callable[[int], None], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, told to stop by `end` once it has trained for three iterations."""
    command = [sys.executable, "-um", "reid_cosam.train", *arguments]
    with (folder / "said").open("w") as said, (folder / "errors").open("w") as errors:
        run = subprocess.Popen(command, cwd=folder, stdout=said, stderr=errors, start_new_session=True)
        try:
            while "iteration 3/" not in (folder / "said").read_text() and run.poll() is None:
                time.sleep(0.05)
            end(run.pid)
            run.wait(timeout=100)
        finally:
            run.kill()
    texts = ((folder / name).read_text() for name in ("said", "errors"))
    return subprocess.CompletedProcess(command, run.returncode, *texts)


@pytest.mark.parametrize(
    ("ranks", "end", "status"),
    [
        ((), lambda pid: os.killpg(pid, signal.SIGTERM), 143),
        (TWO_RANKS, lambda pid: os.kill(pid, signal.SIGTERM), 143),
        (TWO_RANKS, lambda pid: os.killpg(pid, signal.SIGTERM), 143),
        (TWO_RANKS, lambda pid: os.killpg(pid, signal.SIGINT), 130),
    ],
    ids=["one process, with its workers", "two ranks", "two ranks and their launcher", "Ctrl-C"],
)
def test_a_run_that_is_told_leaves_a_checkpoint(
    ranks: tuple[str, ...], end: Callable[[int], None], status: int, walkers: Path, tmp_path: Path
) -> None:
    done = stopped(tmp_path, end, *WITH_WORKERS, *ranks, f"data.root={walkers}")

    assert done.returncode == status, done.stderr
    assert len(list(tmp_path.rglob("last.ckpt"))) == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_frame_of_one_rank_ends_all(walkers: Path, tmp_path: Path) -> None:
    root = shutil.copytree(walkers, tmp_path / "broken")
    for frame in root.glob("*/bbox_train/0002/*.jpg"):
        frame.write_bytes(frame.read_bytes()[:200])
    few = ("recipe.sampling.identities=2", f"data.root={root}")

    done = train(tmp_path, *LONG, *TWO_RANKS, *few, timeout=100)

    assert done.returncode == 1
    assert "iteration 1/" in done.stdout
    assert "error: cannot decode " in done.stderr
    assert not list(tmp_path.rglob("last.ckpt"))  # which the ranks would have to write together
