"""A sweep from its first run to its last: its jobs, failures that stop no other run, progress, exit status.

Hydra imports this module before a command does anything: it imports no torch.
"""

import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from reid_cosam import processes
from reid_cosam.distributed import launch, worker
from reid_cosam.results.counted_progress import duration
from reid_cosam.results.store import read_record, write_json
from reid_cosam.sweeps import resolvers as _resolvers  # noqa: F401  conf/ uses them

Outcome = Literal["trained", "evaluated", "finished before", "running elsewhere"]
RUNNING_ELSEWHERE = 75
"""Exit status, that of sysexits.h's EX_TEMPFAIL: start the command again later."""

_OUTCOME = "outcome.json"
_logged: set[Path] = set()  # jobs whose error this process has logged, as launchers may use others

_log = logging.getLogger(__name__)


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration of `train` with its `hydra` node, as for a sweep; Hydra must be initialised."""
    loader = GlobalHydra.instance().config_loader()
    return loader.load_configuration("train", list(overrides), RunMode.MULTIRUN)


def jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job of a composed sweep, as Hydra's own sweeper makes them.

    Typed overrides take precedence over those of `hydra.sweeper.params`. Empty for other sweepers, which
    decide during the sweep.
    """
    sweeper = config.hydra.sweeper
    if not str(sweeper._target_).endswith(f".{BasicSweeper.__name__}"):
        return []
    swept = [f"{key}={value}" for key, value in (sweeper.params or {}).items()]
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    (batch,) = BasicSweeper.split_arguments(
        parser.parse_overrides([*swept, *config.hydra.overrides.task]), max_batch_size=None
    )
    return batch


def parallel_jobs(config: DictConfig) -> int:
    """How many jobs of a sweep its launcher runs at the same time."""
    launcher = config.hydra.launcher
    return int(launcher.get("n_jobs") or launcher.get("array_parallelism") or 1)


def job_folders(sweep: Path) -> list[Path]:
    """The folders of a sweep's jobs, in the jobs' order."""
    folders = (path for path in sweep.iterdir() if path.is_dir())
    return sorted(folders, key=lambda path: (int(path.name) if path.name.isdigit() else -1, path.name))


def attempt(job: Path, work: Callable[[], Outcome], user_errors: tuple[type[Exception], ...]) -> None:
    """Does the work of a sweep's job, and records its outcome in the job's folder.

    An error is logged, with its traceback unless it is one of `user_errors`, and goes no further. Only a
    rank, which others wait for, ends with it.
    """
    began = time.monotonic()
    try:
        with processes.job():
            record: dict[str, object] = {"outcome": work()}
    except Exception as error:
        text = str(error).partition("\n")[0] or type(error).__name__
        if launch.is_rank():
            raise SystemExit(f"error: {text}") from error
        _log.error("failed: %s", error, exc_info=not isinstance(error, user_errors))
        _logged.add(job.absolute())
        record = {"outcome": "failed", "error": text}
    if launch.is_first_rank():
        write_json(job / _OUTCOME, record | {"seconds": time.monotonic() - began})


class SweepReport(Callback):
    """Logs the progress of a sweep after each run, and prints the outcome of all runs after the last.

    The sweep's exit status is 1 where a run failed, in this sweep or before it.
    """

    def __init__(self) -> None:
        self._num_jobs = 0

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        self._num_jobs = len(jobs(config))
        if str(config.hydra.launcher.get("_target_")).endswith(".JoblibLauncher"):
            worker.end_with_sweep()

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:  # noqa: ARG002
        if self._num_jobs and launch.is_first_rank():
            records = list(_outcomes(Path(config.hydra.sweep.dir)).values())
            _log.info("%s", _progress(records, self._num_jobs, parallel_jobs(config)))

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        records = _outcomes(Path(config.hydra.sweep.dir))
        failed = {job: one["error"] for job, one in records.items() if one["outcome"] == "failed"}
        print(f"{len(records)} runs: {counted(one['outcome'] for one in records.values())}")
        for job, error in failed.items():
            print(f"failed: {job}" + (", as said above" if job.absolute() in _logged else f": {error}"))
        if failed:
            raise SystemExit(1)
        if any(one["outcome"] == "running elsewhere" for one in records.values()):
            print("another process works on some runs: start this command again when it has ended")
            raise SystemExit(RUNNING_ELSEWHERE)


def _outcomes(sweep: Path) -> dict[Path, dict[str, Any]]:
    """The records of the jobs that have ended, in the jobs' order; a job with a damaged one has failed."""
    records: dict[Path, dict[str, Any]] = {}
    for job in job_folders(sweep):
        try:
            records[job] = read_record(job / _OUTCOME)
        except FileNotFoundError:
            continue
        except ValueError as error:
            records[job] = {"outcome": "failed", "error": str(error), "seconds": 0.0}
    return records


def _progress(records: list[dict[str, Any]], num_jobs: int, at_once: int) -> str:
    seconds = [one["seconds"] for one in records if one["outcome"] in ("trained", "evaluated")]
    text = f"{len(records)} of {num_jobs} runs: {counted(one['outcome'] for one in records)}"
    if not seconds or len(records) == num_jobs:
        return text
    left = statistics.mean(seconds) * (num_jobs - len(records)) / at_once
    return f"{text}; about {duration(left)} left"


def counted(names: Iterable[str]) -> str:
    """`2 trained, 1 failed`, in the order of their first occurrence."""
    return ", ".join(f"{count} {name}" for name, count in Counter(names).items())
