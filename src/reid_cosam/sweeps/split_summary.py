"""Mean and standard deviation of a sweep over the splits of a data set, for each network."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from reid_cosam.results.finished_run import TESTED
from reid_cosam.results.runs import Run
from reid_cosam.results.store import write_json
from reid_cosam.results.summary import HOW_SCORED, print_splits
from reid_cosam.sweeps.registry import finished_runs

_SCORES = ("mAP", "R1", "R5", "R10", "R20")
# Evaluations of one network are grouped by these as well.
_EVALUATED = ("distance", "snippet_tail", "precision", "reranking")


class SplitSummary(Callback):
    """Keeps `splits.json` up to date after every job of a sweep, and prints its tables after the last.

    A sweep that scores fewer than two splits gets none.
    """

    def __init__(self) -> None:
        self._in_sweep = False

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:  # noqa: ARG002
        self._in_sweep = True

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:  # noqa: ARG002
        if self._in_sweep:
            _write(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        sweep = Path(config.hydra.sweep.dir)
        print_splits(_write(sweep), sweep / "splits.json")


def _write(sweep: Path) -> dict[str, Any]:
    groups = summary(sweep)
    if groups:
        write_json(sweep / "splits.json", groups)
    return groups


def summary(sweep: Path) -> dict[str, Any]:
    """The finished runs of a sweep, grouped by everything but the split; empty if there is only one split.

    A group is a network under a protocol, named after its first run. Scores are fractions of 1; the standard
    deviation is that of a sample. Both statistics are left out where a split occurs more than once.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    names: dict[str, str] = {}
    for run in finished_runs(sweep):
        data = run.metrics["data"]
        if data["split"] is None:
            continue
        shared, name = _network(run)
        tested = {key: data[key] for key in ("name", "split", "tested_half", "splits_file")}
        tested["split_rule"] = data.get("split_rule")
        for result in run.metrics.get("results", [run.metrics]):
            protocol = {"protocol": result["protocol"], "reranked": result.get("reranked", False)}
            scores = {key: result[key] for key in ("valid_queries", *_SCORES)}
            scores |= {key: result[key] for key in HOW_SCORED if key in result}  # older files lack some
            group = json.dumps(shared | protocol, sort_keys=True)
            names.setdefault(group, name)
            groups.setdefault(group, []).append({"folder": str(run.folder)} | tested | scores | protocol)
    if len({tested["split"] for runs in groups.values() for tested in runs}) < 2:
        return {}
    # A single split may be large enough for re-ranking where the others are too small: that is no mean.
    groups = {key: runs for key, runs in groups.items() if len(runs) > 1 or not runs[0]["reranked"]}
    return {
        f"{number}: {names[key]}": _statistics(runs) for number, (key, runs) in enumerate(groups.items(), 1)
    }


def _network(run: Run) -> tuple[dict[str, Any], str]:
    """What the runs of a group have in common, and its name: of a run, an evaluation or a matrix."""
    metrics = run.metrics
    if "trained" in metrics:
        trained, name = metrics["trained"], metrics["trained"]["run_name"]
        evaluated = {key: metrics[key] for key in _EVALUATED}
    elif "descriptors" in metrics:
        trained, name = {}, Path(metrics["descriptors"]["path"]).stem
        evaluated = {key: metrics[key] for key in ("distance", "reranking", *TESTED)}
    else:
        trained, name, evaluated = run.settings, run.folder.name, {}
    data = {f"evaluated.{key}": metrics["data"][key] for key in ("name", "tested_half")}
    shared = {key: value for key, value in trained.items() if key not in ("data.split", "run_name")}
    return shared | evaluated | data, re.sub(r"-split\d+(-[0-9a-f]+)?$", "", name)


def _statistics(runs: list[dict[str, Any]]) -> dict[str, Any]:
    mean, deviation = {}, {}
    if len({run["split"] for run in runs}) == len(runs):
        columns = {name: [run[name] for run in runs] for name in _SCORES}
        mean = {name: statistics.mean(column) for name, column in columns.items()}
        if len(runs) > 1:
            deviation = {name: statistics.stdev(column) for name, column in columns.items()}
    return {"splits": runs, "mean": mean, "standard_deviation": deviation}
