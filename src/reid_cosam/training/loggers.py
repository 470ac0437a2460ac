"""Where curves and pictures go: curves/metrics.csv, and Weights & Biases or TensorBoard beside it."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import wandb
from PIL import Image
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from reid_cosam.config import LoggerSettings


def make_loggers(
    settings: LoggerSettings, run_name: str, folder: Path, run_id: str | None = None
) -> list[Logger]:
    """The loggers of a run; none for `logger=none`. A run with an id goes on as the same W&B run."""
    if settings.name == "none":
        return []
    csv = CSVLogger(folder, name="curves", version="")
    if settings.name == "wandb":
        return [csv, _wandb(settings, run_name, folder, run_id)]
    if settings.name == "tensorboard":
        if find_spec("tensorboard") is None:
            raise ImportError(
                "logger=tensorboard needs tensorboard: pip install tensorboard, or choose logger=csv"
            )
        return [csv, TensorBoardLogger(folder, name="tensorboard", version="")]
    return [csv]


def _wandb(settings: LoggerSettings, run_name: str, folder: Path, run_id: str | None) -> WandbLogger:
    logger = WandbLogger(
        name=run_name,
        id=run_id,
        save_dir=folder,
        offline=settings.mode == "offline",
        project=settings.project,
        entity=settings.entity,
        group=settings.group or _sweep(folder),
        tags=settings.tags,
        # Offline it has nothing to say that the run's own last lines do not say better.
        settings=wandb.Settings(silent=settings.mode == "offline"),
    )
    logger._wandb_init.pop("anonymous", None)  # passed on by Lightning in any case; W&B warns of it
    return logger


def _sweep(folder: Path) -> str | None:
    """The name of the sweep that a run's folder belongs to: Hydra leaves its record beside the runs."""
    return folder.parent.name if (folder.parent / "multirun.yaml").is_file() else None


def log_summary(
    loggers: Iterable[Logger], metrics: Mapping[str, object], pictures: Mapping[str, Path]
) -> None:
    """Final scores and pictures, where a logger can show them."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.experiment.summary.update(dict(metrics))
            for name, path in pictures.items():
                logger.log_image(name, [str(path)])
        elif isinstance(logger, TensorBoardLogger):
            for name, path in pictures.items():
                picture = np.asarray(Image.open(path).convert("RGB"))
                logger.experiment.add_image(name, picture, dataformats="HWC")


def finish(loggers: Iterable[Logger], succeeded: bool) -> None:
    """Ends the run's record; without it the next run of a sweep would go on writing into this one."""
    for logger in loggers:
        logger.finalize("success" if succeeded else "failed")
    if wandb.run is not None:
        wandb.finish(exit_code=0 if succeeded else 1)
