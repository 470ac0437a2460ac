"""Processes that others started, in another number than the settings say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.commands import SMALL_RUN, finished

TWO_STARTED = {"LOCAL_RANK": "1", "RANK": "1", "WORLD_SIZE": "2"}


@pytest.mark.slow
def test_torchrun_with_more_processes_than_devices_trains_nothing(tmp_path: Path) -> None:
    arguments = ("-m", "reid_cosam.train", *SMALL_RUN, f"data.root={tmp_path / 'data'}")
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    done = subprocess.run(
        [*torchrun, *arguments],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 1
    assert "error: WORLD_SIZE=2 in the environment, but trainer.devices=1" in done.stderr
    assert not (tmp_path / "data").exists()  # nothing was rendered
    assert not list(tmp_path.rglob("*.ckpt"))


def test_evaluation_is_not_done_by_each_of_two_processes(tmp_path: Path) -> None:
    done = finished("evaluate", tmp_path, "ckpt=none.ckpt", env=TWO_STARTED)

    assert done.end() == 1
    assert done.errors.startswith("error: WORLD_SIZE=2 in the environment, but trainer.devices=1")
    assert done.errors.count("\n") == 1
