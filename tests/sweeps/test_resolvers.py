"""Values that conf/ computes from other settings."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from reid_cosam.paths import CONF
from reid_cosam.sweeps import resolvers, sweep
from tests.distributed.test_launch import CLUSTER


def test_composing_imports_neither_torch_nor_pandas() -> None:
    modules = "reid_cosam.sweeps.resolvers, reid_cosam.sweeps.sweep, reid_cosam.sweeps.split_summary"
    heavy = "{'torch', 'pytorch_lightning', 'pandas'}"

    subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; assert not {heavy} & set(sys.modules)"], check=True
    )


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"LOCAL_RANK": "0", "RANK": "0"},
        {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_NAME": "bash"},  # a run of its own
    ],
)
def test_a_run_has_the_folder_that_it_names(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLUSTER:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert resolvers.run_folder("logs/now") == "logs/now"


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_what_other_ranks_write_is_deleted(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_exit: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "reid_cosam.sweeps.resolvers.atexit.register", lambda *done, **_: at_exit.append(done)
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("RANK", "1")

    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = compose(command, return_hydra_config=True).hydra
    runs, sweeps, again = (Path(hydra[mode].dir) for mode in ("run", "sweep", "run"))

    assert (runs.parent, sweeps.parent, again) == (tmp_path, tmp_path, runs)
    (runs / f"{command}.log").touch()
    for remove, folder in at_exit:
        remove(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("gpus", "devices", "expected"), [(8, 2, 4), (8, 3, 2), (1, 2, 1), (0, 1, 1)])
def test_runs_at_once_share_the_gpus(
    gpus: int, devices: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)

    assert resolvers.runs_at_once(devices) == expected


def launcher(*overrides: str) -> dict[str, object]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = sweep.composed(overrides)
    keys = ("nodes", "tasks_per_node", "gpus_per_node", "cpus_per_task")
    return {key: config.hydra.launcher[key] for key in keys}


@pytest.mark.parametrize(
    ("nodes", "tasks", "cpus"),
    [(1, 1, 20), (2, 4, 5)],  # a run starts its ranks, or Slurm starts one a device
)
def test_a_slurm_job_has_a_task_a_run_or_one_a_rank(nodes: int, tasks: int, cpus: int) -> None:
    found = launcher("launcher=slurm", f"trainer.num_nodes={nodes}", "trainer.devices=4", "data.workers=4")

    assert found == {"nodes": nodes, "gpus_per_node": 4, "tasks_per_node": tasks, "cpus_per_task": cpus}
