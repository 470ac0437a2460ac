"""What a table still needs: `python -m reid_cosam.tables status table3 data=mars data.root=/data/mars`."""

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra import initialize_config_dir
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from reid_cosam.command_line import exits_with_one_line, never_fail_to_print
from reid_cosam.paths import CONF
from reid_cosam.results.counted_progress import duration
from reid_cosam.results.faults import noting
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import identity, network_names
from reid_cosam.sweeps import failures, registry, run_lock
from reid_cosam.sweeps.planned_runs import TABLES, Planned, planned
from reid_cosam.training.checkpoint_files import LAST, finished_iterations, iterations_in
from reid_cosam.training.pace import MeasuredPace, read_pace

_WIDTH = 140  # of what no terminal limits


class State(NamedTuple):
    """`finished`, `failed`, `running`, `interrupted` or `missing`; iterations done; the error."""

    name: str
    done: int
    error: str | None = None


def main() -> None:
    """The command line: what a user can mend is said in one line."""
    never_fail_to_print()
    with exits_with_one_line():
        run(sys.argv[1:])


def run(arguments: Sequence[str]) -> None:
    """Prints the state of every table named, or of all; the other arguments are overrides, as for `train`.

    Raises:
        ValueError, OSError: no such table, a bad setting, or no data where the settings look for them. Of all
            tables those that lack data are told and passed over.
    """
    named = [one for one in arguments if "=" not in one]
    overrides = [one for one in arguments if "=" in one]
    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(width=width, soft_wrap=True, highlight=False, markup=False)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for table in named or TABLES:
            try:
                runs = planned(table, overrides)
            except FileNotFoundError as error:  # of data; the other tables may do without them
                if named:
                    raise
                console.print(f"{table}: not known: {error}")
                continue
            show(table, runs, console)


def state(folder: Path) -> State:
    """How far a kept run is."""
    if registry.metrics(folder) is not None:
        return State("finished", 0)
    done, damage = _progress(folder)
    if run_lock.is_running(folder):
        return State("running", done)
    error = failures.failure(folder)
    if error is not None:
        return State("failed", done, error)
    return State("interrupted" if folder.is_dir() else "missing", done, damage)


def _progress(folder: Path) -> tuple[int, str | None]:
    """Iterations done, and what is wrong with the checkpoint if it cannot be read."""
    kept = folder / "checkpoints"
    try:
        return finished_iterations(kept / LAST), None
    except FileNotFoundError:
        return iterations_in(kept), None
    except (OSError, ValueError) as error:
        return iterations_in(kept), str(error)


def seconds_left(settings: TrainSettings, done: int, pace: MeasuredPace) -> float:
    """Of a run after `done` iterations: the others, and the evaluations that fall among them."""
    steps, every = settings.trainer.max_steps, settings.trainer.eval_every
    # The last of them may be missing though all iterations are done.
    evaluations = max(1, steps // every - done // every + (steps % every > 0))
    return pace.iteration * (steps - done) + (pace.evaluation or 0.0) * evaluations


class Paces:
    """Measured paces of the runs kept in a folder, by how alike their settings are."""

    def __init__(self, runs: Path) -> None:
        self._found: dict[int, dict[object, list[MeasuredPace]]] = {0: {}, 1: {}}
        for path in sorted(runs.glob("*/config.yaml")):
            pace = read_pace(path.parent)
            if pace is not None:
                with noting([], path):  # what cannot be read helps no estimate
                    config: Any = OmegaConf.to_container(OmegaConf.load(path))
                    for level, alike in enumerate(_alike(config)):
                        self._found[level].setdefault(alike, []).append(pace)

    def of(self, settings: TrainSettings) -> MeasuredPace | None:
        """The median of the runs that differ by the seed only; else of those alike in what costs the most."""
        for level, alike in enumerate(_alike(settings.model_dump(mode="json"))):
            found = self._found[level].get(alike, [])
            if found:
                evaluations = [one.evaluation for one in found if one.evaluation is not None]
                evaluation = statistics.median(evaluations) if evaluations else None
                devices = ", ".join(sorted({one.device for one in found}))
                return MeasuredPace(statistics.median(one.iteration for one in found), evaluation, devices)
        return None


def _alike(config: dict[str, Any]) -> tuple[object, object]:
    free = ("seed", "trainer.max_steps")
    same = frozenset((name, str(value)) for name, value in identity(config).items() if name not in free)
    data, sampling = config["data"], config["recipe"]["sampling"]
    backbone, _, stride = network_names(config)
    costly = (
        *(backbone, config["num_frames"], stride),
        *(data["name"], data["height"], data["width"], sampling["identities"], sampling["tracklets"]),
    )
    return same, costly


def show(table: str, runs: Sequence[Planned], console: Console) -> None:
    """Prints the runs that are not finished, and the time that they will take one after the other."""
    states = [state(run.folder) for run in runs]
    names = [one.name for one in states]
    counted = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
    console.print(f"{table}: {len(runs)} runs: {counted}")
    open_runs = [(run, one) for run, one in zip(runs, states, strict=True) if one.name != "finished"]
    if not open_runs:
        return
    paces = Paces(runs[0].folder.parent)
    times = [_time_left(run, one, paces) for run, one in open_runs]
    console.print(_rows(open_runs, times))
    known = [seconds for seconds in times if seconds is not None]
    devices = {pace.device for run, _ in open_runs if (pace := paces.of(run.settings)) is not None}
    unknown = len(times) - len(known)
    parts = [f"{unknown} runs like no other measured so far"] if unknown else []
    if known:
        measured = f"as measured on {', '.join(sorted(devices))}"
        parts.insert(0, f"{duration(sum(known))} for {len(known)} runs, one after the other, {measured}")
    console.print(f"left: {'; '.join(parts)}")


def _time_left(run: Planned, one: State, paces: Paces) -> float | None:
    pace = paces.of(run.settings)
    return None if pace is None else seconds_left(run.settings, one.done, pace)


def _rows(runs: Sequence[tuple[Planned, State]], times: Sequence[float | None]) -> Table:
    table = Table("run", "state", "left")
    table.columns[2].justify = "right"
    for (run, one), seconds in zip(runs, times, strict=True):
        of = f" at {one.done} of {run.settings.trainer.max_steps}" if one.done else ""
        why = f": {one.error}" if one.error else ""
        left = "not measured" if seconds is None else duration(seconds)
        table.add_row(run.folder.name, one.name + of + why, left)
    return table
