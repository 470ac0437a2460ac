"""The runs that a sweep consists of, as Hydra's own sweeper makes them."""

from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from reid_cosam.distributed import worker


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration of `train` with its `hydra` node, as for a sweep; Hydra must be initialised."""
    loader = GlobalHydra.instance().config_loader()
    return loader.load_configuration("train", list(overrides), RunMode.MULTIRUN)


def jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job of a composed sweep; what was typed stands over what it sweeps by itself.

    `config` holds the `hydra` node. Nothing for a sweeper that decides as it goes.
    """
    sweeper = config.hydra.sweeper
    if not str(sweeper._target_).endswith(f".{BasicSweeper.__name__}"):
        return []
    swept = [f"{key}={value}" for key, value in (sweeper.params or {}).items()]
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    (batch,) = BasicSweeper.split_arguments(
        parser.parse_overrides([*swept, *config.hydra.overrides.task]), max_batch_size=None
    )
    return batch


def runs_at_once(config: DictConfig) -> int:
    """How many jobs of a sweep its launcher runs at the same time."""
    launcher = config.hydra.launcher
    return int(launcher.get("n_jobs") or launcher.get("array_parallelism") or 1)


def _choices(values: Any) -> str:
    """A list of the configuration as values that a sweep goes through: `[0, 1]` as `0,1`."""
    return ",".join(map(str, values))


def _slurm_tasks(num_nodes: int, devices: int) -> int:
    """Tasks a node of a Slurm job."""
    return 1 if num_nodes == 1 else devices


def _slurm_cpus(num_nodes: int, devices: int, workers: int) -> int:
    """Cores a task of a Slurm job: one for each process that it starts."""
    return (workers + 1) * devices // _slurm_tasks(num_nodes, devices)


# What conf/experiment/common and conf/launcher say in terms of other settings.
for _name, _resolver in (
    ("choices", _choices),
    ("runs_at_once", worker.num_runs_at_once),
    ("slurm_tasks", _slurm_tasks),
    ("slurm_cpus", _slurm_cpus),
):
    OmegaConf.register_new_resolver(_name, _resolver, replace=True)
