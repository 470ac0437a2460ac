"""What a sweep over the splits of a data set comes to: mean and standard deviation, network by network."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.table import Table

from reid_cosam.identity import identity
from reid_cosam.kept_runs import finished_runs
from reid_cosam.results.store import write_json

_RANKS = ("R1", "R5", "R10", "R20")


class SplitSummary(Callback):
    """Keeps `splits.json` up to date after every job, and prints its tables after the last.

    Where a job fails, Hydra ends the sweep with its error and no last word; the file is there all the same.
    """

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:  # noqa: ARG002
        _write(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        sweep = Path(config.hydra.sweep.dir)
        found = _write(sweep)
        console = Console(soft_wrap=True, highlight=False, markup=False)
        if not found:
            console.print(f"no split has finished: see the messages above, and {sweep}")
            return
        for name, group in found.items():
            console.print(_table(name, group))
        console.print(f"mean and standard deviation: {sweep / 'splits.json'}")


def _write(sweep: Path) -> dict[str, Any]:
    found = summary(sweep)
    if found:
        write_json(sweep / "splits.json", found)
    return found


def summary(sweep: Path) -> dict[str, Any]:
    """The finished runs of a sweep by what they share beside the split, named after the first.

    Scores are fractions of 1; the standard deviation is that of a sample, and left out for a single split.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for folder, metrics in finished_runs(sweep):
        config: Any = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
        shared = {key: value for key, value in identity(config).items() if key != "data.split"}
        scores = {name: metrics[name] for name in ("protocol", "valid_queries", *_RANKS)}
        run = {"folder": str(folder), "split": config["data"]["split"], **scores}
        groups.setdefault(json.dumps(shared, sort_keys=True), []).append(run)
    return {_name(runs, number): _group(runs) for number, runs in enumerate(groups.values(), start=1)}


def _name(runs: list[dict[str, Any]], number: int) -> str:
    name = re.sub(r"-split\d+(-[0-9a-f]+)?$", "", Path(runs[0]["folder"]).name)
    return f"{number}: {name}"


def _group(runs: list[dict[str, Any]]) -> dict[str, Any]:
    columns = {name: [run[name] for run in runs] for name in _RANKS}
    return {
        "splits": runs,
        "mean": {name: statistics.mean(column) for name, column in columns.items()},
        "standard_deviation": {
            name: statistics.stdev(column) for name, column in columns.items() if len(column) > 1
        },
    }


def _table(name: str, group: dict[str, Any]) -> Table:
    runs, mean, deviation = group["splits"], group["mean"], group["standard_deviation"]
    table = Table(title=f"{name}, {len(runs)} splits, protocol {runs[0]['protocol']}, percent")
    table.add_column("split")
    for rank in _RANKS:
        table.add_column(rank, justify="right")
    for run in runs:
        table.add_row(str(run["split"]), *(f"{100 * run[rank]:.1f}" for rank in _RANKS))
    table.add_section()
    cells = [
        f"{100 * mean[rank]:.1f}" + (f" ± {100 * deviation[rank]:.1f}" if deviation else "")
        for rank in _RANKS
    ]
    table.add_row("mean", *cells)
    return table
