"""Runs that end before their time: told by SIGTERM or Ctrl-C, or by an error, maybe of one rank alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.commands import SMALL, render_walkers, train

pytestmark = pytest.mark.slow

TWO_RANKS = ("trainer=ddp", "trainer.devices=2", "trainer.accelerator=cpu")
LONG = (*SMALL, "trainer.max_steps=2000", "trainer.eval_every=2000", "backbone=resnet_tiny", "logger=none")
WITH_WORKERS = (*LONG, "data.workers=2")
# Nearly all of the time.
EVALUATING = (*WITH_WORKERS, "trainer.eval_every=1", "data.eval_batch_size=1")
TERM, INT = signal.SIGTERM, signal.SIGINT
ENDS: dict[str, tuple[tuple[str, ...], Callable[[int], None], int]] = {
    "one process and its workers": ((), lambda pid: os.killpg(pid, TERM), 143),
    "one process": ((), lambda pid: os.kill(pid, TERM), 143),
    "Ctrl-C": ((), lambda pid: os.killpg(pid, INT), 130),
    "two ranks": (TWO_RANKS, lambda pid: os.kill(pid, TERM), 143),
    "two ranks and their launcher": (TWO_RANKS, lambda pid: os.killpg(pid, TERM), 143),
    "Ctrl-C, two ranks": (TWO_RANKS, lambda pid: os.killpg(pid, INT), 130),
}


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


@pytest.fixture(autouse=True)
def _leaves_no_process(tmp_path: Path) -> Iterator[None]:
    """Whatever a run started works in the run's folder, as the run does."""
    yield
    end = time.monotonic() + 10
    while (left := _working_in(tmp_path)) and time.monotonic() < end:
        time.sleep(0.1)
    for one in left:
        one.kill()
    assert not left


def _working_in(folder: Path) -> list[psutil.Process]:
    return [one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(folder)]


def stopped(folder: Path, end: Callable[[int], None], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, told to stop by `end` once it has trained for three iterations."""
    command = [sys.executable, "-um", "reid_cosam.train", *arguments]
    with (folder / "said").open("w") as said, (folder / "errors").open("w") as errors:
        run = subprocess.Popen(command, cwd=folder, stdout=said, stderr=errors, start_new_session=True)
        try:
            while "iteration 3/" not in (folder / "said").read_text() and run.poll() is None:
                time.sleep(0.05)
            end(run.pid)
            run.wait(timeout=60)
        finally:
            run.kill()
    texts = ((folder / name).read_text() for name in ("said", "errors"))
    return subprocess.CompletedProcess(command, run.returncode, *texts)


@pytest.mark.parametrize("what", [WITH_WORKERS, EVALUATING], ids=["training", "evaluating"])
@pytest.mark.parametrize(("ranks", "end", "status"), ENDS.values(), ids=ENDS)
def test_a_run_that_is_told_leaves_a_checkpoint(
    what: tuple[str, ...],
    ranks: tuple[str, ...],
    end: Callable[[int], None],
    status: int,
    walkers: Path,
    tmp_path: Path,
) -> None:
    done = stopped(tmp_path, end, *what, *ranks, f"data.root={walkers}")

    assert done.returncode == status, done.stderr
    assert len(list(tmp_path.rglob("last.ckpt"))) == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", ["bbox_train/0002", "bbox_test/0009"], ids=["training", "evaluating"])
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one process", "two ranks"])
def test_a_broken_frame_ends_the_run(
    ranks: tuple[str, ...], what: str, walkers: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(walkers, tmp_path / "broken")
    for frame in root.glob(f"*/{what}/*.jpg"):
        frame.write_bytes(frame.read_bytes()[:200])
    few = ("recipe.sampling.identities=2", "trainer.eval_every=20", f"data.root={root}")

    done = train(tmp_path, *WITH_WORKERS, *ranks, *few, timeout=60)

    assert done.returncode == 1
    assert "iteration 1/" in done.stdout
    assert "error: cannot decode " in done.stderr
    # Several ranks would have to write it together.
    assert len(list(tmp_path.rglob("last.ckpt"))) == (1 if not ranks else 0)
