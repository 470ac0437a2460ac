"""Starts the ranks of a distributed run, from a command that Hydra has already composed.

Lightning would start the ranks by repeating the command line, which inside a sweep means repeating the whole
sweep. Here every rank gets the one job's saved configuration and folder instead, and torch's launcher
watches over them: when one fails, the others are stopped and the command fails.
"""

import logging
import os
import subprocess
import sys
from pathlib import Path

from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]

_LAUNCHED = "REID_COSAM_LAUNCHED"


def is_rank() -> bool:
    """Whether this process is one of the ranks already: started below, by torchrun, or by Slurm."""
    return "LOCAL_RANK" in os.environ or bool(SLURMEnvironment.detect())


def is_first_rank() -> bool:
    """Whether this process speaks for the run."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "SLURM_PROCID"))


def let_one_rank_speak() -> None:
    """Keeps the log to rank 0's messages, and free of what Lightning advertises."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    if not is_first_rank():
        logging.getLogger("reid_cosam").setLevel(logging.WARNING)


def is_launched() -> bool:
    """Whether this process is a rank started below, by a command that has recorded the run already."""
    return _LAUNCHED in os.environ


def run_ranks(module: str, folder: Path, num_ranks: int) -> None:
    """Runs `python -m module` once a rank on this machine, with the configuration saved in `folder`.

    Raises:
        RuntimeError: a rank failed; its own message stands above.
    """
    threads = str(max(1, (os.cpu_count() or 1) // num_ranks))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={num_ranks}"]
    command += ["-m", module, "-cp", str(folder / ".hydra"), "-cn", "config"]
    command += [f"hydra.run.dir='{folder}'", "hydra.output_subdir=null"]
    command += ["hydra.job_logging.formatters.simple.format='%(message)s'"]
    command += ["+hydra.job_logging.formatters.dated.format='%(asctime)s %(message)s'"]
    command += ["hydra.job_logging.handlers.file.formatter=dated"]
    environment = {"OMP_NUM_THREADS": threads} | os.environ | {_LAUNCHED: "1"}
    if subprocess.run(command, env=environment, check=False).returncode:
        raise RuntimeError(f"a rank of the distributed run in {folder} failed; see its message above")
