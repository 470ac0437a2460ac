"""The last word of a sweep over the splits of a data set: mean and standard deviation."""

import statistics
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from reid_cosam.kept_runs import finished_runs
from reid_cosam.results.store import write_json

_RANKS = ("R1", "R5", "R10", "R20")


class SplitSummary(Callback):
    """After the last job prints a row a split, mean and standard deviation, and writes `splits.json`."""

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        sweep = Path(config.hydra.sweep.dir)
        found = summary(sweep)
        console = Console(soft_wrap=True, highlight=False, markup=False)
        if not found["splits"]:
            console.print(f"no split has finished: see the messages above, and {sweep}")
            return
        write_json(sweep / "splits.json", found)
        console.print(_table(found))
        console.print(f"mean and standard deviation: {sweep / 'splits.json'}")


def summary(sweep: Path) -> dict[str, Any]:
    """Scores of each finished run of the sweep, mean and sample standard deviation, as fractions of 1."""
    shown = ("folder", "protocol", "valid_queries", *_RANKS)
    found = [{"folder": str(folder), **metrics} for folder, metrics in finished_runs(sweep)]
    runs = [{name: run[name] for name in shown} for run in found]
    columns = {name: [run[name] for run in runs] for name in _RANKS}
    return {
        "splits": runs,
        "mean": {name: statistics.mean(column) for name, column in columns.items() if column},
        "standard_deviation": {
            name: statistics.stdev(column) for name, column in columns.items() if len(column) > 1
        },
    }


def _table(found: dict[str, Any]) -> Table:
    table = Table(title=f"{len(found['splits'])} splits, protocol {found['splits'][0]['protocol']}, percent")
    table.add_column("run")
    for name in _RANKS:
        table.add_column(name, justify="right")
    for run in found["splits"]:
        table.add_row(Path(run["folder"]).name, *(f"{100 * run[name]:.1f}" for name in _RANKS))
    deviation = found["standard_deviation"]
    cells = [
        f"{100 * found['mean'][name]:.1f}" + (f" ± {100 * deviation[name]:.1f}" if deviation else "")
        for name in _RANKS
    ]
    table.add_section()
    table.add_row("mean ± standard deviation", *cells)
    return table
