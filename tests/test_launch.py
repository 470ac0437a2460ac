"""How the ranks of a distributed run are started."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from reid_cosam import launch

CLUSTER = ("LOCAL_RANK", "SLURM_NTASKS", "SLURM_JOB_NAME")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    seen: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], env: dict[str, str], **_: Any) -> SimpleNamespace:
        seen.append((command, env))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("reid_cosam.launch.subprocess.run", run)
    monkeypatch.setattr("reid_cosam.launch.os.cpu_count", lambda: 8)
    return seen


def test_ranks_read_the_saved_configuration_and_write_to_its_folder(
    started: list[tuple[list[str], dict[str, str]]],
) -> None:
    folder = Path("/logs/cosam=[4,5],agg=rnn")

    launch.run_ranks("reid_cosam.train", folder, 3)

    ((command, _),) = started
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=3"]
    assert command[:5] == [sys.executable, *launcher]
    assert command[5:11] == ["-m", "reid_cosam.train", "-cp", f"{folder}/.hydra", "-cn", "config"]
    overrides = OverridesParser.create().parse_overrides(command[11:])
    assert not any(one.is_sweep_override() for one in overrides)
    values = {one.key_or_group: one.value() for one in overrides}
    assert values["hydra.run.dir"] == str(folder)
    assert values["hydra.output_subdir"] is None  # rank 0 would overwrite what all of them read


def test_ranks_share_the_cores_unless_told_otherwise(
    started: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    launch.run_ranks("reid_cosam.train", Path("/logs"), 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    launch.run_ranks("reid_cosam.train", Path("/logs"), 3)

    assert [environment["OMP_NUM_THREADS"] for _, environment in started] == ["2", "5"]


def test_a_failed_rank_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reid_cosam.launch.subprocess.run", lambda *_, **__: SimpleNamespace(returncode=1))

    with pytest.raises(RuntimeError, match="a rank of the distributed run in /logs failed"):
        launch.run_ranks("reid_cosam.train", Path("/logs"), 2)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"LOCAL_RANK": "0"}, True),
        ({"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "train"}, True),
        ({"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "interactive"}, False),
    ],
)
def test_a_rank_is_known_by_its_environment(
    variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLUSTER:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert launch.is_rank() is expected


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "2", "LOCAL_RANK": "0"}, False),
        ({"SLURM_PROCID": "1"}, False),
    ],
)
def test_one_rank_speaks_for_the_run(
    variables: dict[str, str], first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert launch.is_first_rank() == first
