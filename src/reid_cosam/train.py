"""Train a network, score it, and write what was found: `reid-cosam train --help`."""

import logging
from pathlib import Path

from reid_cosam.command_line import command, is_sweep, output_folder
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.distributed.launch import check_launcher
from reid_cosam.settings import SweepSettings, TrainSettings
from reid_cosam.training.origin import Origin

_log = logging.getLogger("reid_cosam.train")  # under `python -m` the name would be __main__


@command("train", TrainSettings, SweepSettings, sweeps=True, before=check_launcher)
def main(settings: TrainSettings, beside: SweepSettings) -> str:
    """One run. One of a sweep that fails leaves its error in its folder, and the sweep goes on."""
    from reid_cosam import build
    from reid_cosam.sweeps.sweep import RUNNING_ELSEWHERE

    outcome = run(build.with_checked_parts(settings), output_folder(), beside.retry_failed)
    if outcome == "running elsewhere" and not is_sweep():
        raise SystemExit(RUNNING_ELSEWHERE)
    return outcome


def run(settings: TrainSettings, folder: Path, retry_failed: bool = False) -> str:
    """Trains, evaluates and writes into `folder`, or into the run's folder in the registry if there is one.

    Raises:
        ValueError, OSError: settings, data or checkpoint do not fit; the message says what to change.
        attempts.FailedBefore: the registered run failed in an earlier sweep, and `retry_failed` is false.
    """
    from reid_cosam import build
    from reid_cosam.distributed import launch, worker
    from reid_cosam.sweeps import attempts, registry
    from reid_cosam.training.checkpoint_files import read_checkpoint

    launch.check_world_size(settings.trainer.devices, settings.trainer.num_nodes)
    launch.end_with_launcher()
    worker.claim_gpus(settings.trainer.devices)
    # Before minutes of rendering, not after.
    build.check_gpus(settings.trainer.accelerator, settings.trainer.devices)
    if settings.ckpt_path is not None:
        read_checkpoint(Path(settings.ckpt_path))
    splits = build.make_splits(settings.data)
    origin = build.make_origin(settings, splits)
    run_folder = registry.folder_of(settings, origin.split, folder)

    def work(resumed: TrainSettings) -> None:
        _train(resumed, splits, origin, folder, run_folder)

    with attempts.resumable(settings, run_folder):
        return attempts.run_once(settings, origin, run_folder, retry_failed, work)


def _train(
    settings: TrainSettings, splits: ReidSplits, origin: Origin, command_folder: Path, folder: Path
) -> None:
    """Data, network, trainer, fit, outputs; each of several devices gets a process that reads this."""
    import pytorch_lightning as pl

    from reid_cosam import build
    from reid_cosam.distributed import launch
    from reid_cosam.settings.identity import run_key
    from reid_cosam.sweeps import attempts
    from reid_cosam.sweeps.run_folder import finish_folder, prepare_folder
    from reid_cosam.training.announcement import announce_run
    from reid_cosam.training.fitting import fit, recorded
    from reid_cosam.training.resuming import check_resumable
    from reid_cosam.training.stopping import interruptible

    build.check_compiler(settings.trainer)
    done, ckpt_path = 0, settings.ckpt_path
    if ckpt_path is not None:
        done = check_resumable(Path(ckpt_path), settings.model_dump(mode="json"), origin)
    datamodule = build.make_datamodule(settings, splits)
    scoring = build.make_further_scoring(settings.data, splits, settings.recipe.distance)
    test = build.make_test_tracklets(settings.data, settings.data, splits.query, splits.gallery)
    build.check_scoring(test.test_set, scoring, origin.processes)  # before hours of training, not after
    if not launch.is_launched():
        prepare_folder(settings, origin, folder)
    if settings.trainer.devices > 1 and not launch.is_rank():
        if ckpt_path is None:
            build.make_backbone(settings)  # its weights are fetched once, not by every rank
        attempts.run_ranks(settings, command_folder, folder)
        return
    launch.silence_other_ranks()
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    module = build.make_module(settings, datamodule, is_resumed=ckpt_path is not None)
    if done:
        _log.info("resuming from %s after %d iterations", ckpt_path, done)
    build.announce_precision(settings.trainer, origin.precision)
    announce_run(settings, origin, datamodule, module.network, done)
    run_id = folder.name.rpartition("-")[2] if settings.registry else None
    loggers = build.make_loggers(settings.logger, settings.run_name, folder, run_id)
    with recorded(loggers, build.logged_settings(settings)):
        trainer = build.make_trainer(settings.trainer, folder, [*loggers], origin)
        with interruptible(trainer, "after this iteration, with a checkpoint"):
            fit(trainer, module, datamodule, ckpt_path)
        made_with = {"key": run_key(module.config, origin.split)} | origin._asdict()
        finish_folder(
            trainer, module, folder, lambda: build.finished_run(settings, module, test, scoring, made_with)
        )


if __name__ == "__main__":
    main()
