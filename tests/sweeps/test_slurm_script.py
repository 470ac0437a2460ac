"""The job script of a sweep on a Slurm cluster."""

import shutil

import pytest

from reid_cosam.sweeps import slurm_script


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    slurm_script.main(arguments)
    return capsys.readouterr().out.splitlines()


def test_the_script_asks_for_what_a_run_needs(capsys: pytest.CaptureFixture[str]) -> None:
    told = ("trainer.devices=2", "data.workers=4", "hydra.launcher.partition=long", "launcher=slurm")
    lines = printed(capsys, "experiment=table6", "seeds=[0,3]", *told)

    asked = {line.removeprefix("#SBATCH --") for line in lines if line.startswith("#SBATCH")}
    assert asked >= {"array=0-5%6", "nodes=1", "ntasks-per-node=1", "gpus-per-node=2", "cpus-per-task=10"}
    assert asked >= {"partition=long", "time=1440", "job-name=train"}
    (command,) = (line for line in lines if line.startswith("srun"))
    assert "-m submitit.core._submit" in command
    assert lines.index("export SLURM_KILL_BAD_EXIT=1") < lines.index(command)
    (last,) = (line for line in lines if line.startswith("# 5: "))
    assert last.startswith("# 5: seed=3 backbone=se_resnet50 num_frames=8 experiment=table6 ")


def test_a_run_over_several_nodes_is_one_task_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "experiment=figure6", "trainer.num_nodes=2", "trainer.devices=4")

    assert {"#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=4", "#SBATCH --gpus-per-node=4"} <= set(lines)


def test_nothing_is_submitted(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "experiment=figure6", "seeds=[0]")

    assert shutil.which("srun") is None  # the one that submitit was shown is gone


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="among 6 devices"):
        slurm_script.main(["experiment=figure6", "trainer.num_nodes=2", "trainer.devices=3"])
