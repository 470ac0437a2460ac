"""The job script of a sweep with launcher=slurm, not submitted: `make slurm-dry-run` prints it.

The arguments are those of `train`. Slurm need not be installed.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
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
    from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf

    launcher: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    shared = set(OmegaConf.structured(BaseQueueConf).keys())
    parameters = {
        name if name in shared else f"slurm_{name}": value
        for name, value in launcher.items()
        if name not in _OF_THE_EXECUTOR
    }
    with _srun_on_path():
        executor = submitit.AutoExecutor(launcher["submitit_folder"], cluster="slurm")
        executor.update_parameters(**parameters)
        slurm: Any = executor._executor
        slurm.parameters["map_count"] = num_jobs
        return str(slurm._make_submission_file_text(slurm._submitit_command_str, "dry_run"))


@contextmanager
def _srun_on_path() -> Iterator[None]:
    """Lets submitit find an srun, which it requires but does not call here."""
    path = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "srun").touch(mode=0o755)
        os.environ["PATH"] = os.pathsep.join((folder, path))
        try:
            yield
        finally:
            os.environ["PATH"] = path


if __name__ == "__main__":
    with exits_with_one_line():
        main(sys.argv[1:])
