"""Works on a run once: not if it is finished or another process's, and on from where it was left."""

import logging
from collections.abc import Callable
from pathlib import Path

from reid_cosam.distributed import launch
from reid_cosam.settings import TrainSettings
from reid_cosam.sweeps import failures, registry, run_lock
from reid_cosam.sweeps.sweep import Outcome
from reid_cosam.training.checkpoint_files import LAST, iterations_in
from reid_cosam.training.resuming import Origin

_log = logging.getLogger(__name__)

Work = Callable[[TrainSettings], None]


def work_once(
    settings: TrainSettings, origin: Origin, folder: Path, retry_failed: bool, work: Work
) -> Outcome:
    """Calls `work` for the run in `folder`, if there is something to do; a run that is not kept always has.

    Raises:
        FailedBefore: so did a kept run in an earlier sweep, and `retry_failed` is false.
        ValueError: a kept run is finished, but does not hold the scores that are asked for.
    """
    if settings.registry is None:
        work(settings)
        return "trained"
    if launch.is_launched():  # a command that holds the lock has started this process
        _go_on(settings, folder, work)
        return "trained"
    if not launch.is_first_rank():  # the first one holds the lock for this one, and ends as this one does
        if _is_finished(settings, origin, folder):
            return "finished before"
        _go_on(settings, folder, work)
        return "trained"
    with run_lock.claimed(folder) as ours:
        if _is_finished(settings, origin, folder):
            _log.info("finished before, not repeated: %s", folder)
            return "finished before"
        if not ours:
            _log.warning("another process works on it: %s; start again when that one has ended", folder)
            return "running elsewhere"
        failures.prepare_attempt(folder, retry_failed)
        _go_on(settings, folder, work)
        failures.forget_failures(folder)
    return "trained"


def _is_finished(settings: TrainSettings, origin: Origin, folder: Path) -> bool:
    found = registry.metrics(folder)
    if found is not None:
        registry.check_as_asked(found, settings, origin, folder)
    return found is not None


def _go_on(settings: TrainSettings, folder: Path, work: Work) -> None:
    """Works on from the newest checkpoint, if there is one; an error is left in the run's folder as well."""
    try:
        work(registry.going_on(settings, folder))
    except Exception as error:
        failures.record_failure(folder, error, iterations_in(folder / "checkpoints"))
        raise


def how_to_go_on(settings: TrainSettings, folder: Path) -> str:
    """What to say to whoever interrupted the run in `folder`."""
    done, last = iterations_in(folder / "checkpoints"), folder / "checkpoints" / LAST
    if not done:
        return "no checkpoint was written yet; the same command starts anew"
    told = f"{done} of {settings.trainer.max_steps} iterations are done"
    if settings.registry is not None:
        return f"{told}; the same command goes on from {last}"
    return f"{told}; to go on, add ckpt_path={last} to the same command"
