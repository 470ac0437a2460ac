"""Values that conf/ computes from other settings, such as `${choices:${seeds}}`.

Import this module wherever a configuration is composed. It imports no torch, so that `--help` stays quick.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from omegaconf import OmegaConf

from reid_cosam.distributed import launch

new_folders: set[Path] = set()
"""Those that `run_folder` chose and that were not there yet; none of a rank, whose folder others share."""


def run_folder(folder: str) -> str:
    """Where Hydra writes: `folder`, or for other ranks than the first a folder that is deleted at exit.

    Otherwise each rank that torchrun started would leave a folder named after its own start.
    """
    if not launch.is_rank() and not Path(folder).exists():
        new_folders.add(Path(folder).absolute())
    if launch.is_first_rank() or not launch.is_rank():
        return folder
    temporary = tempfile.mkdtemp(prefix="reid_cosam_rank_")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def choices(values: Iterable[object]) -> str:
    """A list as the values of a sweep: `[0, 1]` as `0,1`."""
    return ",".join(map(str, values))


def runs_at_once(devices: int) -> int:
    """How many runs of so many devices each this machine's GPUs can hold; one where there is no GPU."""
    import torch  # only launcher=joblib asks

    return max(1, torch.cuda.device_count() // devices)


def slurm_tasks(num_nodes: int, devices: int) -> int:
    """Tasks per node of a Slurm job."""
    return 1 if num_nodes == 1 else devices


def slurm_cpus(num_nodes: int, devices: int, workers: int) -> int:
    """Cores per task of a Slurm job: one for each process that the task starts."""
    return (workers + 1) * devices // slurm_tasks(num_nodes, devices)


for _resolver in (choices, runs_at_once, slurm_tasks, slurm_cpus):
    OmegaConf.register_new_resolver(_resolver.__name__, _resolver, replace=True)
# Saved with the configuration, as the time in it is: Slurm's ranks get the submitting command's folder.
OmegaConf.register_new_resolver("run_folder", run_folder, use_cache=True, replace=True)
