"""Processes in which launcher=joblib runs one run after another."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reid_cosam.distributed import worker


@pytest.fixture(autouse=True)
def fresh_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker that has run nothing yet, on a machine with three GPUs."""
    monkeypatch.setattr("reid_cosam.distributed.worker.tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr(worker, "_locks", [])
    monkeypatch.setattr(worker, "_PATIENCE_SECONDS", -1.0)
    monkeypatch.setenv("REID_COSAM_WORKER", "1")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield
    for lock in worker._locks:
        lock.close()


def visible() -> str:
    return os.environ["CUDA_VISIBLE_DEVICES"]


def test_each_worker_takes_gpus_that_no_other_has(tmp_path: Path) -> None:
    with (tmp_path / f"reid_cosam_{os.getuid()}_gpu_0.lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        worker.claim_gpus(2)

    assert visible() == "1,2"


def test_a_worker_keeps_its_gpu_for_the_next_run() -> None:
    worker.claim_gpus(1)
    worker.claim_gpus(1)

    assert visible() == "0"
    assert len(worker._locks) == 1


def test_only_the_gpus_that_the_sweep_may_see_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")

    worker.claim_gpus(1)

    assert visible() == "5"


def test_more_runs_at_once_than_gpus_are_refused() -> None:
    with pytest.raises(ValueError, match=r"of the GPUs 0, 1, 2 only 3 are free, and a run needs 4.*n_jobs"):
        worker.claim_gpus(4)

    worker.claim_gpus(3)  # what was found was let go
    assert visible() == "0,1,2"


def test_other_processes_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REID_COSAM_WORKER")

    worker.claim_gpus(1)

    assert visible() == ""
