"""Where a run's curves and pictures go: curves/metrics.csv, and Weights & Biases or TensorBoard beside it."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger

from reid_cosam.paths import is_utf8
from reid_cosam.results.run_settings import network_of, placement
from reid_cosam.settings import LoggerSettings, TrainSettings
from reid_cosam.training.guarded_wandb import GuardedWandb
from reid_cosam.training.loggers import GuardedLogger

_log = logging.getLogger(__name__)


def make_loggers(
    settings: LoggerSettings, run_name: str, folder: Path, run_id: str | None = None
) -> list[GuardedLogger]:
    """The loggers of a run; none for `logger=none`. A run with an id is resumed as the same W&B run.

    Raises:
        ImportError: TensorBoard is asked for and not installed.
        RuntimeError: W&B does not accept the project or the tags.
    """
    if settings.name == "none":
        return []
    csv = CSVLogger(folder, name="curves", version="")
    made = [GuardedLogger(csv, folder / "curves" / "metrics.csv")]
    if settings.name == "tensorboard":
        if find_spec("tensorboard") is None:
            raise ImportError(
                "logger=tensorboard needs tensorboard: pip install tensorboard, or choose logger=csv"
            )
        tensorboard = TensorBoardLogger(folder, name="tensorboard", version="")
        made.append(GuardedLogger(tensorboard, folder / "tensorboard"))
    if settings.name == "wandb" and not is_utf8(folder):
        _log.warning(
            "W&B accepts no folder whose name is not UTF-8; the run continues without it: %s", folder
        )
    elif settings.name == "wandb":
        offline, group = settings.mode == "offline", settings.group or _sweep(folder)
        run = {"name": run_name, "id": run_id, "entity": settings.entity, "group": group}
        made.append(GuardedWandb(folder, offline, settings.project, settings.tags, **run))
    return made


def _sweep(folder: Path) -> str | None:
    """The name of the sweep that a run's folder belongs to: Hydra leaves its record beside the runs."""
    return folder.parent.name if (folder.parent / "multirun.yaml").is_file() else None


def logged_settings(settings: TrainSettings) -> dict[str, Any]:
    """A run's settings and, for Weights & Biases, what its dashboards group runs by.

    That is `placement`, as on the command line: a list is nothing to group by; the `network` in one word; and
    the paper's `tables` that it stands in.
    """
    logged = settings.model_dump(mode="json")
    if settings.logger.name != "wandb":
        return logged
    from reid_cosam.results.tables.paper import tables_of  # only here: it reads the paper's tables

    network = network_of(logged)
    return logged | {
        "backbone_name": network.backbone,
        "agg_name": network.agg,
        "placement": placement(settings.cosam),
        "network": str(network),
        "tables": ", ".join(tables_of(network)),
    }
