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
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from omegaconf import OmegaConf
from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]

_LAUNCHED = "REID_COSAM_LAUNCHED"
# For ranks that were told: two iterations, or what an evaluation takes, and a checkpoint. torchrun gives 30.
_SECONDS_TO_STOP = 120
_SUBMITIT = "hydra_submitit_launcher"
_PLUGINS = {"joblib": "hydra_joblib_launcher", "slurm": _SUBMITIT, "slurm_local": _SUBMITIT}


def is_rank() -> bool:
    """Whether this process is one of the ranks already: started below, by torchrun, or by Slurm.

    A Slurm job of a single task is a run like one started by hand, and starts ranks of its own.
    """
    if "LOCAL_RANK" in os.environ:
        return True
    return bool(SLURMEnvironment.detect()) and os.environ["SLURM_NTASKS"] != "1"


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
    command = [sys.executable, "-m", "reid_cosam.runs.ranks", "--standalone", f"--nproc-per-node={num_ranks}"]
    command += ["-m", module, "-cp", str(folder / ".hydra"), "-cn", "config"]
    command += [f"hydra.run.dir='{folder}'", "hydra.output_subdir=null"]
    command += ["hydra.job_logging.formatters.simple.format='%(message)s'"]
    command += ["+hydra.job_logging.formatters.dated.format='%(asctime)s %(message)s'"]
    command += ["hydra.job_logging.handlers.file.formatter=dated"]
    command += ["+hydra.job_logging.handlers.file.errors=backslashreplace"]
    assumed = {"OMP_NUM_THREADS": threads, "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(_SECONDS_TO_STOP)}
    environment = assumed | os.environ | {_LAUNCHED: "1"}
    # In a session of its own: a signal to this process' group would reach it twice, from there and from here.
    start = partial(subprocess.Popen, env=environment, pass_fds=inherited, start_new_session=True)
    with start(command) as ranks:
        try:
            failed = ranks.wait()
        except BaseException:
            ranks.terminate()  # leaving the block waits for it, and it for the ranks' last checkpoint
            raise
    if failed:
        raise RuntimeError(f"a rank of the distributed run in {folder} failed; see its message above")
