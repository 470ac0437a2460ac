"""How the ranks of a distributed run are started."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from reid_cosam.distributed import launch

CLUSTER = (
    *("LOCAL_RANK", "RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"),
    *("SLURM_NTASKS", "SLURM_JOB_NAME", "SLURM_PROCID"),
)
TORCHRUN = {"LOCAL_RANK": "1", "RANK": "1", "WORLD_SIZE": "2"}
SLURM = {"SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_JOB_NAME": "train"}


class Ranks(subprocess.Popen[bytes]):
    """In place of the process that starts the ranks; an interruption comes while it is waited for."""

    def __init__(self) -> None:
        self.status = 0
        self.interruption: type[BaseException] | None = None
        self.command: list[str] = []
        self.options: dict[str, Any] = {}
        self.calls: list[str] = []

    def __call__(self, command: list[str], **options: Any) -> "Ranks":
        self.command, self.options = command, options
        return self

    def wait(self, timeout: float | None = None) -> int:  # noqa: ARG002
        self.calls.append("wait")
        if self.interruption is not None and self.calls == ["wait"]:
            raise self.interruption
        return self.status

    def terminate(self) -> None:
        self.calls.append("terminate")


@pytest.fixture
def ranks(monkeypatch: pytest.MonkeyPatch) -> Ranks:
    started = Ranks()
    monkeypatch.setattr("reid_cosam.distributed.launch.subprocess.Popen", started)
    monkeypatch.setattr("reid_cosam.distributed.launch.os.cpu_count", lambda: 8)
    return started


@pytest.mark.parametrize(
    "name",
    ["cosam=[4,5],agg=rnn", "it's", 'a "b"', "back\\slash", "${seed} $HOME", "été (1) {2}", "a: b # c"],
)
def test_ranks_read_the_saved_configuration_and_write_to_its_folder(
    name: str, ranks: Ranks, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("/logs", name)

    launch.run_ranks("reid_cosam.train", folder, 3, inherited=(7,))

    launcher = ["-m", "reid_cosam.distributed.launch", "--standalone", "--nproc-per-node=3"]
    assert ranks.command[:5] == [sys.executable, *launcher]
    assert ranks.command[5:11] == ["-m", "reid_cosam.train", "-cp", f"{folder}/.hydra", "-cn", "config"]
    overrides = OverridesParser.create().parse_overrides(ranks.command[11:])
    assert not any(one.is_sweep_override() for one in overrides)
    values = {one.key_or_group: one.value() for one in overrides}
    for variable, value in ranks.options["env"].items():
        monkeypatch.setenv(variable, value)
    assert OmegaConf.create({"dir": values["hydra.run.dir"]}).dir == str(folder)
    assert values["hydra.output_subdir"] is None  # rank 0 would overwrite what all of them read
    assert ranks.options["pass_fds"] == (7,)


def test_ranks_share_the_cores_unless_the_environment_says_how_many(
    ranks: Ranks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    launch.run_ranks("reid_cosam.train", Path("/logs"), 3)
    shared = ranks.options["env"]["OMP_NUM_THREADS"]
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    launch.run_ranks("reid_cosam.train", Path("/logs"), 3)

    assert (shared, ranks.options["env"]["OMP_NUM_THREADS"]) == ("2", "5")


def test_a_failed_rank_is_an_error(ranks: Ranks) -> None:
    ranks.status = 1

    with pytest.raises(RuntimeError, match="a rank of the distributed run in /logs failed"):
        launch.run_ranks("reid_cosam.train", Path("/logs"), 2)


def test_ranks_are_stopped_with_the_process_that_started_them(ranks: Ranks) -> None:
    ranks.interruption = KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch.run_ranks("reid_cosam.train", Path("/logs"), 2)

    assert ranks.calls == ["wait", "terminate", "wait"]


@pytest.mark.parametrize("name", ["joblib", "slurm", "slurm_local"])
def test_a_launcher_that_is_not_installed_says_how_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    launch.check_launcher(["train.py", f"launcher={name}"])
    monkeypatch.setattr("reid_cosam.distributed.launch.find_spec", lambda _: None)

    launch.check_launcher(["train.py", "launcher=serial"])
    with pytest.raises(ImportError, match=rf"launcher={name} needs hydra_\w+: pip install .*\[sweep\]"):
        launch.check_launcher(["train.py", f"launcher={name}"])


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"LOCAL_RANK": "0"}, True),
        ({"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "train"}, True),
        ({"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "interactive"}, False),
        ({"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "train"}, False),  # of a sweep: it starts its own ranks
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
    ("variables", "devices", "num_nodes"),
    [
        ({}, 1, 1),
        ({}, 4, 1),  # which it starts itself
        (TORCHRUN, 2, 1),
        (TORCHRUN, 1, 2),
        (SLURM, 2, 2),
        (SLURM | TORCHRUN, 2, 1),  # Slurm started torchrun
        (SLURM | {"SLURM_NTASKS": "1"}, 4, 1),  # of a sweep: it starts its own ranks
        (SLURM | {"SLURM_JOB_NAME": "bash"}, 1, 1),
        ({"LOCAL_RANK": "0"}, 1, 1),  # left over from something else
        ({"WORLD_SIZE": "1", "RANK": "0"}, 1, 1),
    ],
)
def test_as_many_processes_as_the_settings_ask_for_may_start(
    variables: dict[str, str], devices: int, num_nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLUSTER:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    launch.check_world_size(devices, num_nodes)


@pytest.mark.parametrize(
    ("variables", "devices", "num_nodes", "named"),
    [
        (TORCHRUN, 1, 1, r"WORLD_SIZE=2 .*trainer.devices=1 x trainer.num_nodes=1 is 1.*unset LOCAL_RANK"),
        (TORCHRUN, 2, 2, r"WORLD_SIZE=2 .*trainer.devices=2 x trainer.num_nodes=2 is 4"),
        (SLURM, 1, 1, r"SLURM_NTASKS=4 .*is 1.*unset SLURM_PROCID SLURM_NTASKS"),
        ({"LOCAL_RANK": "0"}, 2, 1, r"WORLD_SIZE= .*is 2.*unset LOCAL_RANK"),
        ({"WORLD_SIZE": "2"}, 1, 1, r"WORLD_SIZE=2 .*LOCAL_RANK.*unset WORLD_SIZE"),
        ({"WORLD_SIZE": "2"}, 2, 1, r"WORLD_SIZE=2 .*trainer.devices=2"),
        ({"RANK": "1"}, 1, 1, r"RANK=1 .*unset RANK"),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, 1, 1, r"OMPI_COMM_WORLD_SIZE=2 .*torchrun"),
        ({}, 1, 2, r"trainer.num_nodes > 1"),
    ],
)
def test_a_number_of_processes_that_the_environment_contradicts_is_refused(
    variables: dict[str, str],
    devices: int,
    num_nodes: int,
    named: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in CLUSTER:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match=named):
        launch.check_world_size(devices, num_nodes)


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "2", "LOCAL_RANK": "0"}, False),
        ({"SLURM_PROCID": "1"}, False),
        ({"RANK": "0", "SLURM_PROCID": "1"}, True),  # Slurm started torchrun, and torch counts in its own way
        ({"RANK": "1", "SLURM_PROCID": "0"}, False),
    ],
)
def test_one_rank_is_the_first(
    variables: dict[str, str], first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert launch.is_first_rank() == first
