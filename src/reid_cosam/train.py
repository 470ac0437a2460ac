"""Train a network, score it, and write what was found: `python -m reid_cosam.train --help`."""

import logging
import os
import signal
import sys
import warnings
from pathlib import Path

import hydra
import pytorch_lightning as pl
import torch
import wandb
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import (  # type: ignore[attr-defined]
    MisconfigurationException,
    SIGTERMException,
)

from reid_cosam import assembly
from reid_cosam.config import TrainSettings
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.verification import split_hash
from reid_cosam.evaluation.final_scores import final_plan
from reid_cosam.evaluation.run_outputs import write_outputs
from reid_cosam.evaluation.scoring import check
from reid_cosam.models.network import VideoReidNet
from reid_cosam.paths import CONF
from reid_cosam.results.store import environment, write_json, write_text
from reid_cosam.results.summary import print_summary
from reid_cosam.runs import kept_runs, launch, sweep, worker
from reid_cosam.training.checkpoints import check_resumable
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.estimate import measure_pace
from reid_cosam.training.lightning_module import ReidModule
from reid_cosam.training.loggers import finish, log_summary, make_loggers
from reid_cosam.training.progress import duration

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
_MENDABLE = (ValueError, OSError, RuntimeError, ImportError, MisconfigurationException, wandb.Error)


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def main(config: DictConfig) -> None:
    """One run. What a user can mend is said in one line; HYDRA_FULL_ERROR=1 shows where it came from.

    A run of a sweep that fails leaves its error in its folder, and the sweep goes on.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)

    def work() -> sweep.Outcome:
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
    if settings.trainer.num_nodes > 1 and not launch.is_rank():
        raise ValueError(
            "trainer.num_nodes > 1: start one process a device yourself, by torchrun or srun on every node, "
            "or with launcher=slurm"
        )
    worker.settle(settings.trainer.devices)
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
    _announce(settings, datamodule, module, done)
    run_id = folder.name.rpartition("-")[2] if settings.runs else None
    loggers = make_loggers(settings.logger, settings.run_name, folder, run_id)
    for logger in loggers:
        logger.log_hyperparams(settings.model_dump(mode="json"))
    succeeded = False
    try:
        trainer = assembly.make_trainer(settings.trainer, folder, loggers, split)
        _fit(trainer, module, datamodule, settings.ckpt_path)
        _finish(trainer, module, datamodule, folder, settings)
        succeeded = True
    except SIGTERMException:
        raise SystemExit(128 + signal.SIGTERM) from None  # Lightning would end in 0, as if all were done
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
        "precision": assembly.precision(settings.trainer),
        "threads": torch.get_num_threads(),
    }
    write_json(folder / "environment.json", environment() | used)


@rank_zero_only
def _announce(settings: TrainSettings, datamodule: ReidDataModule, module: ReidModule, done: int) -> None:
    """What will run and, on a CPU, how long it will take after the iterations `done` before."""
    _log.info(
        "%s: %d training identities, %d queries, %d gallery tracklets (data=%s)",
        settings.run_name,
        datamodule.num_identities,
        datamodule.num_queries,
        len(datamodule.evaluated) - datamodule.num_queries,
        settings.data.name,
    )
    parts = {
        name: sum(one.numel() for one in part.parameters()) for name, part in module.network.named_children()
    }
    _log.info(
        "network: %.2f M parameters (%s)",
        sum(parts.values()) / 1e6,
        ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in parts.items()),
    )
    if not assembly.runs_on_gpu(settings.trainer):
        _announce_time(settings, module.network, datamodule.num_snippets, done)


def _announce_time(settings: TrainSettings, network: VideoReidNet, num_snippets: int, done: int) -> None:
    """How long a CPU will take and, where that is long, what to run instead."""
    bf16 = assembly.precision(settings.trainer) == "bf16-mixed"
    size = (settings.num_frames, settings.data.height, settings.data.width)
    pace = measure_pace(network, settings.batch_size, *size, bf16)
    left = settings.trainer.max_steps - done
    training, evaluation = pace.iteration * left, pace.snippet * num_snippets
    _log.info(
        "no GPU: %d iterations at about %.1f s each take about %s, and each evaluation about %s",
        left,
        pace.iteration,
        duration(training),
        duration(evaluation),
    )
    if training + evaluation > 1800:
        _log.info("to see all of it in minutes: python -m reid_cosam.train experiment=quickstart")


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
