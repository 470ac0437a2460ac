"""Where curves and pictures go: curves/metrics.csv, and Weights & Biases or TensorBoard beside it."""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from reid_cosam.results.run_settings import network_of, placement
from reid_cosam.results.tables.published import tables_of
from reid_cosam.settings import LoggerSettings, TrainSettings
from reid_cosam.training.guarded_logger import GuardedLogger, Outcome
from reid_cosam.training.guarded_wandb import GuardedWandb

_log = logging.getLogger(__name__)


def make_loggers(
    settings: LoggerSettings, run_name: str, folder: Path, run_id: str | None = None
) -> list[GuardedLogger]:
    """The loggers of a run; none for `logger=none`. A run with an id goes on as the same W&B run.

    Raises:
        ImportError: TensorBoard is asked for and not installed.
        wandb.Error: W&B does not accept the project or the tags.
    """
    if settings.name == "none":
        return []
    curves = folder / "curves" / "metrics.csv"
    csv = GuardedLogger(CSVLogger(folder, name="curves", version=""), curves)
    if settings.name == "wandb":
        if not _is_text(folder):
            _log.warning(
                "W&B takes no folder whose name is not UTF-8; the run goes on without it: %s", folder
            )
            return [csv]
        return [csv, _wandb(settings, run_name, folder, run_id)]
    if settings.name == "tensorboard":
        if find_spec("tensorboard") is None:
            raise ImportError(
                "logger=tensorboard needs tensorboard: pip install tensorboard, or choose logger=csv"
            )
        tensorboard = TensorBoardLogger(folder, name="tensorboard", version="")
        return [csv, GuardedLogger(tensorboard, folder / "tensorboard")]
    return [csv]


def _is_text(folder: Path) -> bool:
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return False
    return True


def _wandb(settings: LoggerSettings, run_name: str, folder: Path, run_id: str | None) -> GuardedWandb:
    import wandb  # takes a quarter of a second, which runs with another logger need not wait for

    def make(offline: bool) -> WandbLogger:
        logger = WandbLogger(
            name=run_name,
            id=run_id,
            save_dir=folder,
            # Lightning's own `offline` would put it into the environment of all later runs of the process.
            mode="offline" if offline else None,
            project=settings.project,
            entity=settings.entity,
            group=settings.group or _sweep(folder),
            tags=settings.tags,
            # Offline it has nothing to say that the run's own last lines do not say better. What it does not
            # accept as a project or as tags is said here already, and not guarded against.
            settings=wandb.Settings(silent=offline, project=settings.project, run_tags=settings.tags),
        )
        logger._wandb_init.pop("anonymous", None)  # passed on by Lightning in any case; W&B warns of it
        return logger

    return GuardedWandb(make, settings.mode == "offline", folder)


def logged_settings(settings: TrainSettings) -> dict[str, Any]:
    """A run's settings, and what dashboards group runs by.

    That is `placement`, as on the command line: a list is nothing to group by; the `network` in one word; and
    the paper's `tables` that it stands in.
    """
    config = settings.model_dump(mode="json")
    network = network_of(config)
    grouped = {
        "placement": placement(settings.cosam),
        "network": str(network),
        "tables": ", ".join(tables_of(network)),
    }
    return config | grouped


def _sweep(folder: Path) -> str | None:
    """The name of the sweep that a run's folder belongs to: Hydra leaves its record beside the runs."""
    return folder.parent.name if (folder.parent / "multirun.yaml").is_file() else None


def log_summary(
    loggers: Iterable[Logger], metrics: Mapping[str, object], pictures: Mapping[str, Path]
) -> None:
    """Final scores and pictures, where a logger can show them."""
    for logger in loggers:
        if isinstance(logger, GuardedLogger):
            logger.attempt(partial(_show, logger, metrics, pictures))


def _show(guarded: GuardedLogger, metrics: Mapping[str, object], pictures: Mapping[str, Path]) -> None:
    logger = guarded.logger
    if isinstance(logger, WandbLogger):
        logger.experiment.summary.update({**metrics, **_of_carriers(metrics)})
        for name, path in pictures.items():
            logger.log_image(f"pictures/{name}", [str(path)])  # "attention" is a score
    elif isinstance(logger, TensorBoardLogger):
        for name, path in pictures.items():
            picture = np.asarray(Image.open(path).convert("RGB"))
            logger.experiment.add_image(name, picture, dataformats="HWC")


def _of_carriers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Scores of the queries with an attribute, `hat/mAP`: Weights & Biases cannot plot what lies in lists."""
    plain = [row for row in metrics.get("results", []) if not row["reranked"]]
    return {
        f"{attribute}/{name}": scores[name]
        for row in plain
        for attribute, scores in row["carriers"].items()
        if scores is not None
        for name in ("mAP", "R1", "R5", "R20")
    }


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raises what W&B raises as RuntimeError, for who should not have to load W&B to know its errors."""
    try:
        yield
    except Exception as error:
        wandb = sys.modules.get("wandb")
        if wandb is not None and isinstance(error, wandb.Error):
            raise RuntimeError(str(error)) from error
        raise


def finish(loggers: Iterable[GuardedLogger], outcome: Outcome) -> None:
    """Ends the run's record; without it the next run of a sweep would go on writing into this one."""
    for logger in loggers:
        logger.finish(outcome)
