"""Train a network, score it, and write what was found: `python -m reid_cosam.train --help`."""

import logging
import os
import sys
import warnings
from pathlib import Path

import hydra
import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import MisconfigurationException  # type: ignore[attr-defined]

from reid_cosam import assembly
from reid_cosam.config import TrainSettings
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.verification import split_hash
from reid_cosam.evaluation.final_scores import final_plan
from reid_cosam.evaluation.run_outputs import write_outputs
from reid_cosam.evaluation.scoring import check
from reid_cosam.paths import CONF
from reid_cosam.results.store import environment, write_json, write_text
from reid_cosam.results.summary import print_summary
from reid_cosam.runs import kept_runs, launch, sweep, worker
from reid_cosam.runs.announcement import announce
from reid_cosam.training.checkpoints import check_resumable, read_checkpoint
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule
from reid_cosam.training.loggers import finish, log_summary, logged_settings, make_loggers, plain_errors
from reid_cosam.training.stopping import ending_as_told

_log = logging.getLogger(__name__)

# What Lightning and torch warn of without a reason for the reader to act.
_HARMLESS = (
    ".*does not have many workers",  # few by choice
    "Be aware that when using `ckpt_path`",  # checkpoint_every may change on resuming
    "The dirpath has changed",  # a resumed run has a folder of its own
    "Checkpoint directory .* exists and is not empty",  # a kept run goes on in its own
    "It is recommended to use .*sync_dist",  # every rank computes the same scores
    ".*LeafSpec|.*broadcast_buffers|.*functional.all_gather is deprecated",  # of one library about the other
    "Grad strides do not match",  # 1x1 convolutions, whose layouts are alike
)


# What a user can mend.
_MENDABLE = (ValueError, OSError, RuntimeError, ImportError, MisconfigurationException)


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def main(config: DictConfig) -> None:
    """One run. What a user can mend is said in one line; HYDRA_FULL_ERROR=1 shows where it came from.

    A run of a sweep that fails leaves its error in its folder, and the sweep goes on.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)

    def work() -> sweep.Outcome:
        with plain_errors():
            return run(assembly.read_settings(config), folder, config.retry_failed)

    if HydraConfig.get().mode == RunMode.MULTIRUN:
        sweep.attempt(folder, work, _MENDABLE)
        return
    try:
        work()
    except _MENDABLE as error:
        if os.environ.get("HYDRA_FULL_ERROR") or not str(error):
            raise
        raise SystemExit(f"error: {error}") from None


def run(settings: TrainSettings, folder: Path, retry_failed: bool = False) -> sweep.Outcome:
    """Trains, evaluates and writes into `folder`, or into the kept folder that `settings.runs` implies.

    Raises:
        ValueError, OSError: settings, data or checkpoint do not fit; the message says how to mend it.
        kept_runs.FailedBefore: so did a kept run in an earlier sweep, and `retry_failed` is false.
    """
    launch.check_world_size(settings.trainer.devices, settings.trainer.num_nodes)
    worker.settle(settings.trainer.devices)
    if settings.ckpt_path is not None:
        read_checkpoint(Path(settings.ckpt_path))  # before minutes of rendering, not after
    splits = assembly.make_splits(settings.data)
    split = split_hash(splits, assembly.data_folder(settings.data))
    kept = kept_runs.folder_of(settings, split, folder)
    if settings.runs is None:
        _run_here(settings, splits, split, folder, kept)
        return "trained"
    if launch.is_launched() or not launch.is_first_rank():  # another process holds the lock for this one
        _run_kept(settings, splits, split, folder, kept)
        return "trained"
    with kept_runs.claimed(kept) as ours:
        if kept_runs.is_finished(kept):
            _log.info("finished before, not repeated: %s", kept)
            return "finished before"
        if not ours:
            _log.info("another process works on it, left to that one: %s", kept)
            return "running elsewhere"
        kept_runs.forget_failure(kept, retry_failed)
        _run_kept(settings, splits, split, folder, kept)
    return "trained"


def _run_kept(settings: TrainSettings, splits: ReidSplits, split: str, job: Path, folder: Path) -> None:
    """Trains on from the last checkpoint, if there is one; an error is left in the run's folder as well."""
    try:
        _run_here(kept_runs.going_on(settings, folder), splits, split, job, folder)
    except Exception as error:
        kept_runs.record_failure(folder, error)
        raise


def _run_here(settings: TrainSettings, splits: ReidSplits, split: str, job: Path, folder: Path) -> None:
    """Trains into `folder`; each of several devices gets a process, which reads `job`'s configuration."""
    assembly.check_compiler(settings.trainer)
    if not launch.is_launched():
        if settings.runs and launch.is_first_rank():
            kept_runs.set_curves_aside(folder)
        _record_start(settings, folder)
    if settings.trainer.devices > 1 and not launch.is_rank():
        assembly.make_backbone(settings)  # its weights fetched once and not by every rank
        launch.run_ranks("reid_cosam.train", job, settings.trainer.devices, kept_runs.held_locks())
        return
    launch.let_one_rank_speak()
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    datamodule = assembly.make_datamodule(settings, splits)
    check(final_plan(settings, datamodule))  # before hours of training, not after
    module = assembly.make_module(settings, datamodule)
    done = 0
    if settings.ckpt_path is not None:
        done = check_resumable(Path(settings.ckpt_path), module.config, split)
        _log.info("resuming from %s after %d iterations", settings.ckpt_path, done)
    announce(settings, datamodule, module, done)
    run_id = folder.name.rpartition("-")[2] if settings.runs else None
    loggers = make_loggers(settings.logger, settings.run_name, folder, run_id)
    for logger in loggers:
        logger.log_hyperparams(logged_settings(settings))
    succeeded = False
    try:
        trainer = assembly.make_trainer(settings.trainer, folder, loggers, split)
        with ending_as_told(trainer):
            _fit(trainer, module, datamodule, settings.ckpt_path)
            _finish(trainer, module, datamodule, folder, settings)
        succeeded = True
    finally:
        finish(loggers, succeeded)


def _fit(trainer: pl.Trainer, module: ReidModule, datamodule: ReidDataModule, ckpt_path: str | None) -> None:
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        trainer.fit(module, datamodule=datamodule, ckpt_path=ckpt_path, weights_only=True)
        trainer.save_checkpoint(f"{trainer.default_root_dir}/checkpoints/last.ckpt")
        if module.evaluation is None or module.evaluation.step != trainer.global_step:
            trainer.validate(module, datamodule=datamodule, verbose=False)


@rank_zero_only
def _record_start(settings: TrainSettings, folder: Path) -> None:
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    used = {
        "accelerator": "gpu" if assembly.runs_on_gpu(settings.trainer) else "cpu",
        "overrides": list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else None,
        "compiled": assembly.compiles(settings.trainer),
        "precision": assembly.precision(settings.trainer),
        "threads": torch.get_num_threads(),
    }
    write_json(folder / "environment.json", environment() | used)


@rank_zero_only
def _finish(
    trainer: pl.Trainer, module: ReidModule, datamodule: ReidDataModule, folder: Path, settings: TrainSettings
) -> None:
    module.to(trainer.strategy.root_device)  # the trainer leaves it on the CPU
    metrics, pictures = write_outputs(module, datamodule, folder, settings)
    log_summary(trainer.loggers, metrics, pictures)
    print_summary(metrics, pictures, folder)


if __name__ == "__main__":
    try:
        launch.check_launcher(sys.argv)
    except ImportError as missing:
        raise SystemExit(f"error: {missing}") from None
    main()
