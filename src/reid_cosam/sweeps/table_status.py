"""What a table still needs: `tables status table3 data=mars data.root=/data/mars`."""

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra import initialize_config_dir
from rich.console import Console
from rich.table import Column, Table

from reid_cosam.paths import CONF
from reid_cosam.results.counted_progress import duration
from reid_cosam.results.faults import noting
from reid_cosam.results.runs import read_yaml
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import identity
from reid_cosam.sweeps import attempts, registry, run_lock
from reid_cosam.sweeps.planned_runs import TABLES, PlannedRun, planned_runs
from reid_cosam.sweeps.sweep import counted
from reid_cosam.training.checkpoint_files import LAST, finished_iterations, iterations_in
from reid_cosam.training.pace import MeasuredPace, read_pace

_WIDTH = 140  # of output that goes to no terminal
_UNCOMPARED = ("seed", "trainer.max_steps")
# Beginnings of the settings that decide how long an iteration takes.
_COSTLY = (
    *("backbone.", "num_frames", "data.name", "data.height", "data.width"),
    *("recipe.sampling.identities", "recipe.sampling.tracklets"),
)


class State(NamedTuple):
    """`finished`, `failed`, `running`, `interrupted` or `missing`; iterations done; the error."""

    name: str
    done: int
    error: str | None = None


def table_status(arguments: Sequence[str]) -> None:
    """Prints which runs of the paper's tables are finished, and how long the others will take.

    Arguments without `=` name tables (`table3 table4`; all of them if none is named). The others are settings
    of `train`, those with which the sweep of the table was or will be started.

    Raises:
        ValueError, OSError: no such table, a bad setting, or no data where the settings look for them. Where
            no table is named, those whose data are missing are reported and skipped.
    """
    tables = [one for one in arguments if "=" not in one]
    overrides = [one for one in arguments if "=" in one]
    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(width=width, soft_wrap=True, highlight=False, markup=False)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for table in tables or TABLES:
            try:
                _print_status(table, planned_runs(table, overrides), console)
            except FileNotFoundError as error:  # of data; the other tables may do without them
                if tables:
                    raise
                console.print(f"{table}: unknown: {error}")


def state(folder: Path) -> State:
    """How far a registered run is."""
    if registry.finished_metrics(folder) is not None:
        return State("finished", 0)
    checkpoints, damage = folder / "checkpoints", None
    try:
        done = finished_iterations(checkpoints / LAST)
    except (OSError, ValueError) as error:
        done = iterations_in(checkpoints)
        damage = None if isinstance(error, FileNotFoundError) else str(error)
    if run_lock.is_running(folder):
        return State("running", done)
    failure = attempts.failure(folder)
    if failure is not None:
        return State("failed", done, failure.error)
    return State("interrupted" if folder.is_dir() else "missing", done, damage)


def seconds_left(settings: TrainSettings, done: int, pace: MeasuredPace) -> float:
    """Of a run after `done` iterations: the other iterations, and the evaluations that fall among them."""
    steps, every = settings.trainer.max_steps, settings.trainer.eval_every
    # The last evaluation may be missing though all iterations are done.
    evaluations = max(1, steps // every - done // every + (steps % every > 0))
    return pace.iteration * (steps - done) + (pace.evaluation or 0.0) * evaluations


class Paces:
    """Measured paces of the runs in a registry, by how similar their settings are."""

    def __init__(self, runs: Path) -> None:
        self._measured: list[tuple[tuple[object, object], MeasuredPace]] = []
        for path in sorted(runs.glob("*/config.yaml")):
            pace = read_pace(path.parent)
            if pace is not None:
                with noting([], path):  # an unreadable run only takes no part in the estimate
                    self._measured.append((_compared(read_yaml(path)), pace))

    def of(self, settings: TrainSettings) -> MeasuredPace | None:
        """The median of the runs that differ by the seed only; else of those equal in what costs the most."""
        for level, wanted in enumerate(_compared(settings.model_dump(mode="json"))):
            paces = [pace for compared, pace in self._measured if compared[level] == wanted]
            if paces:
                evaluations = [one.evaluation for one in paces if one.evaluation is not None]
                return MeasuredPace(
                    statistics.median(one.iteration for one in paces),
                    statistics.median(evaluations) if evaluations else None,
                    ", ".join(sorted({one.device for one in paces})),
                )
        return None


def _compared(config: Mapping[str, Any]) -> tuple[object, object]:
    same = {name: value for name, value in identity(config).items() if name not in _UNCOMPARED}
    return same, {name: value for name, value in same.items() if name.startswith(_COSTLY)}


def _print_status(table: str, runs: Sequence[PlannedRun], console: Console) -> None:
    """Prints the unfinished runs, and the time that they will take one after the other."""
    states = [state(run.folder) for run in runs]
    console.print(f"{table}: {len(runs)} runs: {counted(one.name for one in states)}")
    unfinished = [(run, one) for run, one in zip(runs, states, strict=True) if one.name != "finished"]
    if not unfinished:
        return
    measured = Paces(runs[0].folder.parent)
    rows = Table("run", "state", Column("left", justify="right"))
    known, devices = [], set()
    for run, one in unfinished:
        pace, left = measured.of(run.settings), "not measured"
        if pace is not None:
            known.append(seconds_left(run.settings, one.done, pace))
            left = duration(known[-1])
            devices.add(pace.device)
        progress = f" at {one.done} of {run.settings.trainer.max_steps}" if one.done else ""
        rows.add_row(run.folder.name, one.name + progress + (f": {one.error}" if one.error else ""), left)
    console.print(rows)
    parts = []
    if known:
        time, measured_on = duration(sum(known)), ", ".join(sorted(devices))
        parts.append(f"{time} for {len(known)} runs, one after the other, as measured on {measured_on}")
    if len(known) < len(unfinished):
        parts.append(f"{len(unfinished) - len(known)} runs without a measured time")
    console.print(f"left: {'; '.join(parts)}")
