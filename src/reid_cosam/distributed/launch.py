"""Starts the ranks of a distributed run, from a command that Hydra has already composed.

Lightning would start the ranks by repeating the command line, which inside a sweep means repeating the whole
sweep. Here every rank gets the saved configuration and folder of the one job instead, and torch's launcher
supervises them: when one fails, the others are stopped and the command fails.

`python -m reid_cosam.distributed.launch` is torchrun, but it ends when the process that started it does.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from reid_cosam.processes import PARENT, SECONDS_TO_STOP, end_with, wait_for

_LAUNCHED = "REID_COSAM_LAUNCHED"  # the folder of the run
# Variables by which launchers number their processes, and their values in a single process. mpirun's are not
# read anywhere else: each process that mpirun started would take itself for the only one.
_SINGLE = {"WORLD_SIZE": "1", "RANK": "0", "OMPI_COMM_WORLD_SIZE": "1", "PMI_SIZE": "1"}
_SUBMITIT = "hydra_submitit_launcher"
_PLUGINS = {"joblib": "hydra_joblib_launcher", "slurm": _SUBMITIT, "slurm_local": _SUBMITIT}


def is_rank() -> bool:
    """Whether this process is one of the ranks already: started by `run_ranks`, by torchrun or by Slurm.

    A Slurm job of a single task is like a run started by hand, and starts its own ranks.
    """
    if "LOCAL_RANK" in os.environ:
        return True
    if os.environ.get("SLURM_NTASKS", "1") == "1":
        return False
    from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]

    return bool(SLURMEnvironment.detect())


def is_first_rank() -> bool:
    """Whether this process writes and prints for the run.

    Where Slurm started torchrun, torchrun's number counts, as it does for Lightning.
    """
    return os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")) == "0"


def is_launched() -> bool:
    """Whether this process is a rank started by `run_ranks`, whose command has recorded the run already."""
    return _LAUNCHED in os.environ


def check_world_size(devices: int, num_nodes: int = 1) -> None:
    """Checks that torchrun, srun or mpirun started as many processes as the settings ask for.

    Otherwise each process would do the whole run by itself, and overwrite what the others write.

    Raises:
        ValueError: the settings and the environment differ, or the environment does not say which of several
            processes this one is.
    """
    if is_rank():
        rank, size = (
            ("LOCAL_RANK", "WORLD_SIZE") if "LOCAL_RANK" in os.environ else ("SLURM_PROCID", "SLURM_NTASKS")
        )
        if os.environ.get(size, "1") != str(devices * num_nodes):
            raise ValueError(
                f"{size}={os.environ.get(size, '')} in the environment, but trainer.devices={devices} x "
                f"trainer.num_nodes={num_nodes} is {devices * num_nodes}: start as many processes as the "
                f"settings ask for, or, if this one was started by hand, unset {rank} {size}"
            )
        return
    if num_nodes > 1:
        raise ValueError(
            "trainer.num_nodes > 1: start one process per device yourself, by torchrun or srun on each node, "
            "or with launcher=slurm"
        )
    for name, single in _SINGLE.items():
        if os.environ.get(name, single) != single:
            raise ValueError(
                f"{name}={os.environ[name]} means several processes, but LOCAL_RANK, which gives each its "
                f"device, is not set (trainer.devices={devices}): start them by torchrun or, if this one was "
                f"started by hand, unset {name}"
            )


def check_launcher(arguments: Sequence[str]) -> None:
    """Checks that the plugin of a sweep's launcher is installed; Hydra's own error does not name it.

    Raises:
        ImportError: it is not installed.
    """
    for name, plugin in _PLUGINS.items():
        if f"launcher={name}" in arguments and find_spec(f"hydra_plugins.{plugin}") is None:
            raise ImportError(f"launcher={name} needs {plugin}: pip install 'reid-cosam[sweep]'")


def end_with_launcher() -> None:
    """Lets a rank that `run_ranks` started end when its launcher is killed; does nothing elsewhere."""
    if PARENT in os.environ:
        end_with(int(os.environ.pop(PARENT)))  # removed: processes that the rank starts have another parent


def silence_other_ranks() -> None:
    """Keeps the log to messages of the first rank, and free of Lightning's advertisements."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if not is_first_rank():
        logging.getLogger("reid_cosam").setLevel(logging.WARNING)


def run_ranks(
    module: str, folder: Path, num_ranks: int, inherited: Sequence[int] = (), trust: Sequence[str] = ()
) -> None:
    """Runs `python -m module` once per rank on this machine, with the configuration saved in `folder`.

    The supervising process inherits the file descriptors `inherited`. When this process is interrupted,
    it interrupts the ranks and waits for their checkpoint. The modules in `trust`, which this command was
    allowed to use, are what that configuration may name.

    Raises:
        RuntimeError: a rank failed; its own message stands above.
    """
    torchrun = ("-m", "reid_cosam.distributed.launch", "--standalone", f"--nproc-per-node={num_ranks}")
    overrides = [
        # By a variable, so that no part of the folder's name is read as Hydra's grammar.
        f"hydra.run.dir=${{oc.env:{_LAUNCHED}}}",
        "hydra.output_subdir=null",
        "hydra.job_logging.formatters.simple.format='%(message)s'",
        "+hydra.job_logging.formatters.dated.format='%(asctime)s %(message)s'",
        "hydra.job_logging.handlers.file.formatter=dated",
        "+hydra.job_logging.handlers.file.errors=backslashreplace",
        f"trust=[{','.join(trust)}]",
    ]
    configuration = ("-m", module, "-cp", str(folder / ".hydra"), "-cn", "config")
    command = [sys.executable, *torchrun, *configuration, *overrides]
    threads = str(max(1, (os.cpu_count() or 1) // num_ranks))
    defaults = {"OMP_NUM_THREADS": threads, "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(SECONDS_TO_STOP)}
    environment = defaults | os.environ | {_LAUNCHED: str(folder), PARENT: str(os.getpid())}
    # In a session of its own: a signal to this process group would reach it twice, from there and from here.
    ranks = subprocess.Popen(command, env=environment, pass_fds=inherited, start_new_session=True)
    if wait_for(ranks):
        raise RuntimeError(f"a rank of the distributed run in {folder} failed; see its message above")


def _supervise() -> None:
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.run import main

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)

    end_with(int(os.environ[PARENT]))
    os.environ[PARENT] = str(os.getpid())
    for number in (signal.SIGUSR1, signal.SIGXCPU):  # which torchrun does not handle, and would be killed by
        signal.signal(number, stop)
    try:
        main()
    except SignalException as received:  # no failure: its traceback would look like one
        raise SystemExit(128 + received.sigval) from None


if __name__ == "__main__":
    _supervise()
