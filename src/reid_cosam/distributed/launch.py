"""Starts the ranks of a distributed run, from a command that Hydra has already composed.

Lightning would start the ranks by repeating the command line, which inside a sweep means repeating the whole
sweep. Here every rank gets the one job's saved configuration and folder instead, and torch's launcher
watches over them: when one fails, the others are stopped and the command fails.
"""

import atexit
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from omegaconf import OmegaConf

from reid_cosam.processes import PARENT, SECONDS_TO_STOP, wait_for

_LAUNCHED = "REID_COSAM_LAUNCHED"  # the folder of the run
# What launchers tell each process that they start, and what it is where there is one process only. mpirun is
# among them: nothing here reads its numbers, so that every process would take itself for the only one.
_ALONE = {"WORLD_SIZE": "1", "RANK": "0", "OMPI_COMM_WORLD_SIZE": "1", "PMI_SIZE": "1"}
_SUBMITIT = "hydra_submitit_launcher"
_PLUGINS = {"joblib": "hydra_joblib_launcher", "slurm": _SUBMITIT, "slurm_local": _SUBMITIT}


def is_rank() -> bool:
    """Whether this process is one of the ranks already: started below, by torchrun, or by Slurm.

    A Slurm job of a single task is a run like one started by hand, and starts ranks of its own.
    """
    if "LOCAL_RANK" in os.environ:
        return True
    if os.environ.get("SLURM_NTASKS", "1") == "1":
        return False
    from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]

    return bool(SLURMEnvironment.detect())


def check_world_size(devices: int, num_nodes: int = 1) -> None:
    """Makes sure that the run is to have as many processes as were started, where others start them.

    Else each of them would do the whole run by itself, and write over what the others write.

    Raises:
        ValueError: the settings and the environment differ, or the environment does not say which of several
            processes this one is.
    """
    if is_rank():
        kind, size = (
            ("LOCAL_RANK", "WORLD_SIZE") if "LOCAL_RANK" in os.environ else ("SLURM_PROCID", "SLURM_NTASKS")
        )
        if os.environ.get(size, "1") != str(devices * num_nodes):
            raise ValueError(
                f"{size}={os.environ.get(size, '')} in the environment, but trainer.devices={devices} x "
                f"trainer.num_nodes={num_nodes} is {devices * num_nodes}: start as many processes as the "
                f"settings ask for, or, if this one was started by hand, unset {kind} {size}"
            )
        return
    if num_nodes > 1:
        raise ValueError(
            "trainer.num_nodes > 1: start one process a device yourself, by torchrun or srun on every node, "
            "or with launcher=slurm"
        )
    for name, alone in _ALONE.items():
        if os.environ.get(name, alone) != alone:
            raise ValueError(
                f"{name}={os.environ[name]} tells of several processes, but LOCAL_RANK, by "
                f"which each knows its own device, is not set (trainer.devices={devices}): start them by "
                f"torchrun, or, if this one was started by hand, unset {name}"
            )


def is_first_rank() -> bool:
    """Whether this process speaks for the run.

    Where Slurm started torchrun, torchrun's number counts, as it does for Lightning.
    """
    return os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")) == "0"


def run_folder(folder: str) -> str:
    """Where Hydra puts what this process writes: `folder`, or for other ranks than the first one that goes.

    Each rank that torchrun started would else name and leave a folder by its own time.
    """
    if is_first_rank() or not is_rank():
        return folder
    passing = tempfile.mkdtemp(prefix="reid_cosam_rank_")
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    return passing


# conf/ names folders with it. The answer stays with the configuration, as the time in it does: Slurm's ranks
# get that of the command which submitted them.
OmegaConf.register_new_resolver("run_folder", run_folder, use_cache=True, replace=True)


def check_launcher(arguments: Sequence[str]) -> None:
    """Makes sure that what a launcher needs is installed; Hydra would only say that it does not know it.

    Raises:
        ImportError: it is not.
    """
    for name, plugin in _PLUGINS.items():
        if f"launcher={name}" in arguments and find_spec(f"hydra_plugins.{plugin}") is None:
            raise ImportError(f"launcher={name} needs {plugin}: pip install 'reid-cosam[sweep]'")


def let_one_rank_speak() -> None:
    """Keeps the log to rank 0's messages, and free of what Lightning advertises."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if not is_first_rank():
        logging.getLogger("reid_cosam").setLevel(logging.WARNING)


def is_launched() -> bool:
    """Whether this process is a rank started below, by a command that has recorded the run already."""
    return _LAUNCHED in os.environ


def run_ranks(module: str, folder: Path, num_ranks: int, inherited: Sequence[int] = ()) -> None:
    """Runs `python -m module` once a rank on this machine, with the configuration saved in `folder`.

    The process that watches over the ranks gets the file descriptors `inherited`. When this process is told
    to stop, it tells the ranks and waits for their checkpoint.

    Raises:
        RuntimeError: a rank failed; its own message stands above.
    """
    threads = str(max(1, (os.cpu_count() or 1) // num_ranks))
    command = [
        sys.executable,
        "-m",
        "reid_cosam.distributed.ranks",
        "--standalone",
        f"--nproc-per-node={num_ranks}",
    ]
    command += ["-m", module, "-cp", str(folder / ".hydra"), "-cn", "config"]
    # By a variable: whatever the folder is called, no part of its name is read as Hydra's grammar.
    command += [f"hydra.run.dir=${{oc.env:{_LAUNCHED}}}", "hydra.output_subdir=null"]
    command += ["hydra.job_logging.formatters.simple.format='%(message)s'"]
    command += ["+hydra.job_logging.formatters.dated.format='%(asctime)s %(message)s'"]
    command += ["hydra.job_logging.handlers.file.formatter=dated"]
    command += ["+hydra.job_logging.handlers.file.errors=backslashreplace"]
    stop_within = {"TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(SECONDS_TO_STOP)}  # torchrun gives 30 s
    environment = {"OMP_NUM_THREADS": threads} | stop_within | os.environ
    environment |= {_LAUNCHED: str(folder), PARENT: str(os.getpid())}
    # In a session of its own: a signal to this process' group would reach it twice, from there and from here.
    ranks = subprocess.Popen(command, env=environment, pass_fds=inherited, start_new_session=True)
    failed = wait_for(ranks)
    if failed:
        raise RuntimeError(f"a rank of the distributed run in {folder} failed; see its message above")
