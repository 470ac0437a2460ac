"""The folder of a run: before it starts, and when it is finished."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from reid_cosam.evaluation.run_outputs import FinishedRun, write_outputs
from reid_cosam.interruption import end_in_any_case
from reid_cosam.results.environment import environment
from reid_cosam.results.store import remove_strays, write_json, write_text
from reid_cosam.results.summary import print_summary
from reid_cosam.settings import TrainSettings
from reid_cosam.sweeps.registry import move_earlier_outputs
from reid_cosam.training.checkpoint_files import copy_best
from reid_cosam.training.lightning_module import ReidModule
from reid_cosam.training.loggers import log_summary
from reid_cosam.training.origin import Origin

_log = logging.getLogger(__name__)


@rank_zero_only
def prepare_folder(settings: TrainSettings, origin: Origin, folder: Path) -> None:
    """Moves or removes what an earlier run left, and writes settings and environment."""
    remove_strays(folder)
    resumed = None if settings.ckpt_path is None else Path(settings.ckpt_path).parent
    own = folder / "checkpoints"
    moved = move_earlier_outputs(folder, same_run=settings.registry is not None or resumed == own)
    if moved is not None:
        _log.warning("an earlier run in this folder is kept in %s", moved)
    if resumed is not None:
        remove_strays(resumed)
        copy_best(resumed, own)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    hydra = HydraConfig.get() if HydraConfig.initialized() else None
    folders = hydra.runtime.config_sources if hydra else ()
    used = {
        "accelerator": origin.accelerator,
        "overrides": list(hydra.overrides.task) if hydra else None,
        # of --config-dir, which the overrides may need
        "config_dir": next((str(one.path) for one in folders if one.provider == "command-line"), None),
        "compiled": origin.compiled,
        "precision": origin.precision,
        "threads": torch.get_num_threads(),
    }
    write_json(folder / "environment.json", environment() | used)


@rank_zero_only
def finish_folder(
    trainer: pl.Trainer, module: ReidModule, folder: Path, finished: Callable[[], FinishedRun]
) -> None:
    """Writes and prints scores and pictures. From here on a signal no longer undoes the run."""
    module.to(trainer.strategy.root_device)  # the trainer leaves it on the CPU
    metrics, pictures = write_outputs(finished(), folder)
    end_in_any_case()
    log_summary(trainer.loggers, metrics, pictures)
    print_summary(metrics, pictures, folder)
