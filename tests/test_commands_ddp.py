"""The command with two ranks on a CPU: one folder a job, the scores of one process, failures that end it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import QUERIES, SMALL, read_config, render_walkers, run_folders, train

pytestmark = pytest.mark.slow

TWO_RANKS = ("trainer=ddp", "trainer.devices=2", "trainer.accelerator=cpu")


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


def test_two_ranks_leave_one_run(walkers: Path, tmp_path: Path) -> None:
    done = train(tmp_path, *SMALL, *TWO_RANKS, f"data.root={walkers}", "logger=wandb")

    assert done.returncode == 0, done.stderr
    (run,) = run_folders(tmp_path)
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["valid_queries"], metrics["step"]) == (QUERIES, 2)
    assert read_config(run)["trainer"]["devices"] == 2
    assert len(list(tmp_path.rglob("*.wandb"))) == 1
    kept = {"last.ckpt", "previous.ckpt", "best.ckpt"}
    assert {path.name for path in (run / "checkpoints").iterdir()} == kept
    for line in ("iteration 1/2 ", "iteration 2/2 ", "evaluation  mAP", "8 training identities"):
        assert done.stdout.count(line) == 1
        assert (run / "train.log").read_text().count(line) == 1
    assert "Warning" not in done.stderr


def test_two_machines_started_by_torchrun_leave_one_run(walkers: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nodes = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.num_nodes=2", "trainer.devices=1")
    arguments = ("-m", "reid_cosam.train", *SMALL, *nodes, f"data.root={walkers}", "logger=csv")
    launcher = (sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1")
    address = ("--master-addr=127.0.0.1", f"--master-port={port}")
    (tmp_path / "temporary").mkdir()
    environment = {"OMP_NUM_THREADS": "1"} | os.environ | {"TMPDIR": str(tmp_path / "temporary")}

    machines = [
        subprocess.Popen(
            [*launcher, *address, f"--node-rank={rank}", *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    (said, errors), (other, other_errors) = (machine.communicate(timeout=300) for machine in machines)

    assert [machine.returncode for machine in machines] == [0, 0], errors + other_errors
    (run,) = (tmp_path / "logs" / "train" / "runs").iterdir()
    assert json.loads((run / "metrics.json").read_text())["step"] == 2
    assert (run / ".hydra" / "config.yaml").is_file()
    assert "iteration 2/2 " in (run / "train.log").read_text()
    assert (said.count("iteration 2/2 "), other.strip()) == (1, "")
    assert list((tmp_path / "temporary").glob("reid_cosam_rank_*")) == []


def test_a_damaged_frame_ends_the_command_before_ranks_start(walkers: Path, tmp_path: Path) -> None:
    root = shutil.copytree(walkers, tmp_path / "broken")
    broken = sorted(root.glob("*/bbox_test/0009/*.jpg"))[1]
    broken.write_bytes(broken.read_bytes()[:200])

    done = train(tmp_path, *SMALL, *TWO_RANKS, f"data.root={root}", "logger=none")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: cannot decode {broken}")
    assert "a rank of" not in done.stderr
    assert run_folders(tmp_path) == []


def test_each_job_of_a_sweep_starts_ranks_with_its_own_values(walkers: Path, tmp_path: Path) -> None:
    # Folders named after the values hold commas and brackets, which Hydra would read as a sweep.
    named = "hydra.sweep.subdir=cosam${cosam}"
    sweep = (f"data.root={walkers}", "logger=none", "cosam=[5],[4,5]", named)
    done = train(tmp_path, "-m", *SMALL, *TWO_RANKS, *sweep)

    assert done.returncode == 0, done.stderr
    runs = run_folders(tmp_path)
    assert [run.name for run in runs] == ["cosam[4, 5]", "cosam[5]"]
    assert [read_config(run)["cosam"] for run in runs] == [[4, 5], [5]]
    attended = [json.loads((run / "metrics.json").read_text())["attention"].keys() for run in runs]
    assert attended == [{"4", "5"}, {"5"}]
