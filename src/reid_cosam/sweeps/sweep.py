"""A sweep from its first run to its last: failures that stop no other run, progress, and the last word."""

import logging
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from reid_cosam import processes
from reid_cosam.distributed import launch, worker
from reid_cosam.results.counted_progress import duration
from reid_cosam.results.store import read_record, write_json
from reid_cosam.sweeps import grid, registry

Outcome = Literal["trained", "evaluated", "finished before", "running elsewhere"]
RUNNING_ELSEWHERE = 75
"""Exit status, that of sysexits.h's EX_TEMPFAIL: whoever asked should ask again."""

_OUTCOME = "outcome.json"

_log = logging.getLogger(__name__)


def attempt(job: Path, work: Callable[[], Outcome], mendable: tuple[type[Exception], ...]) -> None:
    """Does the work of a sweep's job and notes in the job's folder what came of it.

    An error is logged, with its origin unless it is `mendable` by the user, and goes no further; only a rank
    that others wait for ends with it.
    """
    began = time.monotonic()
    try:
        with processes.job():
            noted: dict[str, object] = {"outcome": work()}
    except Exception as error:
        text = str(error).partition("\n")[0] or type(error).__name__
        if launch.is_rank():
            raise SystemExit(f"error: {text}") from error
        _log.error("failed: %s", error, exc_info=not isinstance(error, mendable))
        noted = {"outcome": "failed", "error": text}
    if launch.is_first_rank():
        write_json(job / _OUTCOME, noted | {"seconds": time.monotonic() - began})


class SweepReport(Callback):
    """Says after each run of a sweep how far it is, and after the last what came of each.

    The sweep's exit status is 1 where a run failed, in this sweep or before it.
    """

    def __init__(self) -> None:
        self._jobs = 0

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        self._jobs = len(grid.jobs(config))
        if str(config.hydra.launcher.get("_target_")).endswith(".JoblibLauncher"):
            worker.end_with_sweep()

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:  # noqa: ARG002
        if self._jobs and launch.is_first_rank():
            noted = list(_noted(Path(config.hydra.sweep.dir)).values())
            _log.info("%s", _progress(noted, self._jobs, grid.runs_at_once(config)))

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        noted = _noted(Path(config.hydra.sweep.dir))
        failed = {job: one["error"] for job, one in noted.items() if one["outcome"] == "failed"}
        print(f"{len(noted)} runs: {_counted(list(noted.values()))}")
        for job, error in failed.items():
            print(f"failed: {job}: {error}")
        if failed:
            if "retry_failed" in config:
                print("add retry_failed=true to try the failed kept runs again")
            raise SystemExit(1)
        if any(one["outcome"] == "running elsewhere" for one in noted.values()):
            print("some runs are another process's: start again when that one has ended")
            raise SystemExit(RUNNING_ELSEWHERE)


def _noted(sweep: Path) -> dict[Path, dict[str, Any]]:
    """What came of the jobs that have ended, in the jobs' order."""
    noted: dict[Path, dict[str, Any]] = {}
    for path in (job / _OUTCOME for job in registry.jobs(sweep)):
        if path.is_file():
            try:
                noted[path.parent] = read_record(path)
            except ValueError as error:  # the sweep goes on, and its end names the job
                noted[path.parent] = {"outcome": "failed", "error": str(error), "seconds": 0.0}
    return noted


def _progress(noted: list[dict[str, Any]], jobs: int, at_once: int) -> str:
    seconds = [one["seconds"] for one in noted if one["outcome"] in ("trained", "evaluated")]
    text = f"{len(noted)} of {jobs} runs: {_counted(noted)}"
    if not seconds or len(noted) == jobs:
        return text
    left = statistics.mean(seconds) * (jobs - len(noted)) / at_once
    return f"{text}; about {duration(left)} left"


def _counted(noted: list[dict[str, Any]]) -> str:
    outcomes = [one["outcome"] for one in noted]
    return ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes))
