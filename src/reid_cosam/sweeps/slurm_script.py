"""The job script of a sweep with launcher=slurm, not submitted: `make slurm-dry-run` prints it.

The arguments are those of `train`. Slurm need not be installed.
"""

import sys
from collections.abc import Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from reid_cosam import build
from reid_cosam.command_line import exits_with_one_line
from reid_cosam.paths import CONF
from reid_cosam.sweeps import sweep

_OF_THE_EXECUTOR = ("_target_", "submitit_folder", "max_num_timeout")


def main(arguments: Sequence[str]) -> None:
    """Prints the script of the job array, and the overrides of each of its jobs."""
    with initialize_config_dir(str(CONF), job_name="train", version_base="1.3"):
        overrides = [*arguments, "launcher=slurm"]
        config = sweep.composed(overrides)
        jobs = sweep.jobs(config) or [overrides]
        for job in jobs:
            build.read_settings(compose("train", job))
    print(script(config, len(jobs)))
    for number, job in enumerate(jobs):
        print(f"# {number}: {' '.join(job)}")


def script(config: DictConfig, num_jobs: int) -> str:
    """What submitit would hand to sbatch for so many jobs of a composed sweep."""
    import submitit  # of the extra `sweep`

    class DryRun(submitit.SlurmExecutor):
        @classmethod
        def affinity(cls) -> int:
            return 1  # submitit would refuse a machine without srun, which is not called here

    launcher: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    executor: Any = DryRun(launcher["submitit_folder"])
    parameters = {
        name: value for name, value in launcher.items() if name not in _OF_THE_EXECUTOR and value is not None
    }
    executor.update_parameters(**executor._convert_parameters(parameters))
    executor.parameters["map_count"] = num_jobs
    return str(executor._make_submission_file_text(executor._submitit_command_str, "dry_run"))


if __name__ == "__main__":
    with exits_with_one_line():
        main(sys.argv[1:])
