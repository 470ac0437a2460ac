"""Processes that read data are stopped or have no room: the run ends with an error and waits for nobody."""

import signal
import time
from pathlib import Path

import psutil
import pytest

from reid_cosam.training.loading import PATIENCE
from tests.faults.commands import SMALL_RUN, TWO_RANKS, Started, processes_in, started
from tests.faults.mounts import finished_with, needs_mounts

WORKERS = ("data.workers=2", "trainer.max_steps=5000")
IMPATIENT = {PATIENCE: "3"}


def workers_of(folder: Path) -> list[psutil.Process]:
    """The processes that read data: forks of the run or of its ranks."""
    found = {one.pid: one for one in processes_in(folder)}
    return [
        one for one in found.values() if one.ppid() in found and one.cmdline() == found[one.ppid()].cmdline()
    ]


def until_reading(run: Started, folder: Path, count: int) -> list[psutil.Process]:
    run.until("iteration 2/")
    run.until(lambda: len(workers_of(folder)) >= count)
    return workers_of(folder)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one process", "two ranks"])
def test_a_stopped_worker_ends_the_run(ranks: tuple[str, ...], walkers: Path, tmp_path: Path) -> None:
    arguments = (*SMALL_RUN, *WORKERS, *ranks, f"data.root={walkers}")
    with started("train", tmp_path, *arguments, env=IMPATIENT) as run:
        stopped = until_reading(run, tmp_path, 4 if ranks else 2)[0]
        stopped.send_signal(signal.SIGSTOP)
        status = run.end(60)

    assert status == 1
    assert (
        f"error: no batch came for 3 s from the 2 processes that read data: process {stopped.pid} is stopped"
        in (run.errors)
    )


@pytest.mark.slow
def test_a_run_with_a_stopped_worker_ends_when_it_is_told(walkers: Path, tmp_path: Path) -> None:
    arguments = (*SMALL_RUN, *WORKERS, f"data.root={walkers}")
    with started("train", tmp_path, *arguments) as run:
        for worker in until_reading(run, tmp_path, 2):
            worker.send_signal(signal.SIGSTOP)
        time.sleep(2)  # until what was read ahead is used up, and the run waits
        run.send(signal.SIGTERM)
        status = run.end(90)

    assert status == 143, run.errors
    assert len(list(tmp_path.rglob("last.ckpt"))) == 1


@needs_mounts
def test_too_little_shared_memory_is_refused_before_training(walkers: Path, tmp_path: Path) -> None:
    small = "mount -t tmpfs -o size=1m none /dev/shm"
    done = finished_with(small, "train", tmp_path, *SMALL_RUN, *WORKERS, f"data.root={walkers}")

    # 11 batches of 4 snippets, and 2 of 64 for the 76 of an evaluation, each of 4 frames of 64x32 pixels.
    assert done.returncode == 1
    assert done.stderr.startswith("error: data.workers=2 needs "), done.stderr
    assert "/dev/shm has 1 MB free" in done.stderr
    assert "--shm-size" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "iteration" not in done.stdout


@needs_mounts
@pytest.mark.slow
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one process", "two ranks"])
def test_shared_memory_that_fills_up_ends_the_run(
    ranks: tuple[str, ...], walkers: Path, tmp_path: Path
) -> None:
    # What the run frees for its next batch is taken as well, until one finds nothing.
    fills = """
        mount -t tmpfs -o size=64m none /dev/shm
        (
            until grep -q 'iteration 2/' said; do sleep 0.1; done
            while kill -0 $$; do cat /dev/zero >> /dev/shm/other || true; done
        ) > /dev/null 2>&1 &
    """
    (tmp_path / "said").touch()
    done = finished_with(fills, "train", tmp_path, *SMALL_RUN, *WORKERS, *ranks, f"data.root={walkers}")

    assert done.returncode == 1
    assert "error: a batch found no room in shared memory" in done.stderr
    assert "/dev/shm has 0 MB free" in done.stderr
    assert ranks or "Traceback" not in done.stderr  # torchrun adds its own
