"""Train a network, score it, and write what was found: `python -m reid_cosam.train --help`."""

import logging
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import MisconfigurationException  # type: ignore[attr-defined]

from reid_cosam import build
from reid_cosam.command_line import command, exits_with_one_line
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.distributed import launch, worker
from reid_cosam.evaluation.records import TestTracklets
from reid_cosam.evaluation.run_outputs import write_outputs
from reid_cosam.interruption import Interrupted, end_in_any_case
from reid_cosam.metrics.scoring import ScoringConfig
from reid_cosam.results.environment import environment
from reid_cosam.results.store import remove_strays, write_json, write_text
from reid_cosam.results.summary import print_summary
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import run_key
from reid_cosam.sweeps import registry, run_lock, sweep
from reid_cosam.sweeps.announcement import announce
from reid_cosam.sweeps.claim import how_to_go_on, work_once
from reid_cosam.training.checkpoint_files import copy_best, read_checkpoint
from reid_cosam.training.checkpoints import LastCheckpoint
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.guarded_logger import Outcome
from reid_cosam.training.lightning_module import ReidModule
from reid_cosam.training.loggers import finish, log_summary, logged_settings, make_loggers, plain_errors
from reid_cosam.training.resuming import Origin, check_resumable
from reid_cosam.training.stopping import interruptible

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


@command("train", also_mendable=(ImportError, MisconfigurationException), attempt=sweep.attempt)
def main(config: DictConfig) -> sweep.Outcome:
    """One run. One of a sweep that fails leaves its error in its folder, and the sweep goes on."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    with plain_errors():
        outcome = run(build.read_settings(config), folder, config.retry_failed)
    if outcome == "running elsewhere" and HydraConfig.get().mode != RunMode.MULTIRUN:
        raise SystemExit(sweep.RUNNING_ELSEWHERE)
    return outcome


def run(settings: TrainSettings, folder: Path, retry_failed: bool = False) -> sweep.Outcome:
    """Trains, evaluates and writes into `folder`, or into the kept folder that `settings.runs` implies.

    Raises:
        ValueError, OSError: settings, data or checkpoint do not fit; the message says how to mend it.
        failures.FailedBefore: so did a kept run in an earlier sweep, and `retry_failed` is false.
    """
    launch.check_world_size(settings.trainer.devices, settings.trainer.num_nodes)
    worker.settle(settings.trainer.devices)
    if settings.ckpt_path is not None:
        read_checkpoint(Path(settings.ckpt_path))  # before minutes of rendering, not after
    splits = build.make_splits(settings.data)
    origin = build.make_origin(settings, splits)
    kept = registry.folder_of(settings, origin.split, folder)

    def work(going_on: TrainSettings) -> None:
        _work(Job(going_on, splits, origin, folder, kept))

    try:
        return work_once(settings, origin, kept, retry_failed, work)
    except Interrupted as signal:
        if launch.is_first_rank() and not launch.is_launched():
            _log.warning("interrupted by %s: %s", signal.name, how_to_go_on(settings, kept))
        signal.explained = True
        raise


class Job(NamedTuple):
    """One run: its settings and data, the folder of its command, and the folder that it writes into."""

    settings: TrainSettings
    splits: ReidSplits
    origin: Origin
    command_folder: Path
    folder: Path


def _work(job: Job) -> None:
    """Trains into the run's folder; each of several devices gets a process that reads the same settings."""
    settings, folder = job.settings, job.folder
    build.check_compiler(settings.trainer)
    done = 0
    if settings.ckpt_path is not None:
        done = check_resumable(Path(settings.ckpt_path), settings.model_dump(mode="json"), job.origin)
    datamodule = build.make_datamodule(settings, job.splits)
    scoring = build.make_further_scoring(settings.data, job.splits)
    test = build.make_test_tracklets(settings.data, settings.data, job.splits.query, job.splits.gallery)
    build.check_scoring(test.test_set, scoring, settings.trainer.devices * settings.trainer.num_nodes)
    if not launch.is_launched():
        _prepare_folder(settings, folder)
    if settings.trainer.devices > 1 and not launch.is_rank():
        build.make_backbone(settings)  # its weights fetched once and not by every rank
        locks = run_lock.inherited_locks()
        try:
            launch.run_ranks("reid_cosam.train", job.command_folder, settings.trainer.devices, locks)
        except RuntimeError as error:
            raise RuntimeError(f"{error}; {how_to_go_on(settings, folder)}") from None
        return
    launch.let_one_rank_speak()
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    module = build.make_module(settings, datamodule)
    if done:
        _log.info("resuming from %s after %d iterations", settings.ckpt_path, done)
    announce(settings, datamodule, module, done)
    run_id = folder.name.rpartition("-")[2] if settings.runs else None
    loggers = make_loggers(settings.logger, settings.run_name, folder, run_id)
    outcome: Outcome = "failed"
    try:
        for logger in loggers:
            logger.log_hyperparams(logged_settings(settings))
        trainer = build.make_trainer(settings.trainer, folder, [*loggers], job.origin)
        with interruptible(trainer, "after this iteration, with a checkpoint"):
            _fit(trainer, module, datamodule, settings.ckpt_path)
        _finish(trainer, module, test, scoring, job)
        outcome = "finished"
    except (SystemExit, KeyboardInterrupt):
        outcome = "interrupted"
        raise
    finally:
        finish(loggers, outcome)


def _fit(trainer: pl.Trainer, module: ReidModule, datamodule: ReidDataModule, ckpt_path: str | None) -> None:
    last = next(one for one in trainer.checkpoint_callbacks if isinstance(one, LastCheckpoint))
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        trainer.fit(module, datamodule=datamodule, ckpt_path=ckpt_path, weights_only=True)
        last.save(trainer)  # once more: the last evaluation may have found the best score
        if module.validation is None or module.validation.step != trainer.global_step:
            trainer.validate(module, datamodule=datamodule, verbose=False)


@rank_zero_only
def _prepare_folder(settings: TrainSettings, folder: Path) -> None:
    """Leaves nothing of an earlier run that could be taken for this one's, and records its settings."""
    remove_strays(folder)
    begun = None if settings.ckpt_path is None else Path(settings.ckpt_path).parent
    own = folder / "checkpoints"
    aside = registry.set_aside(folder, same_run=settings.runs is not None or begun == own)
    if aside is not None:
        _log.warning("an earlier run in this folder is kept in %s", aside)
    if begun is not None:
        remove_strays(begun)
        copy_best(begun, own)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    used = {
        "accelerator": "gpu" if build.runs_on_gpu(settings.trainer) else "cpu",
        "overrides": list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else None,
        "compiled": build.compiles(settings.trainer),
        "precision": build.precision(settings.trainer),
        "threads": torch.get_num_threads(),
    }
    write_json(folder / "environment.json", environment() | used)


@rank_zero_only
def _finish(
    trainer: pl.Trainer, module: ReidModule, test: TestTracklets, scoring: ScoringConfig, job: Job
) -> None:
    module.to(trainer.strategy.root_device)  # the trainer leaves it on the CPU
    made_with = {"key": run_key(module.config, job.origin.split)} | job.origin._asdict()
    run = build.finished_run(job.settings, module, test, scoring, made_with)
    metrics, pictures = write_outputs(run, job.folder)
    end_in_any_case()
    log_summary(trainer.loggers, metrics, pictures)
    print_summary(metrics, pictures, job.folder)


if __name__ == "__main__":
    with exits_with_one_line((ImportError,)):
        launch.check_launcher(sys.argv)
    main()
