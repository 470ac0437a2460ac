"""What a sweep over the splits of a data set comes to: mean and standard deviation, network by network."""

import json
import re
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from reid_cosam.results.store import write_json
from reid_cosam.results.summary import print_splits
from reid_cosam.settings.identity import identity
from reid_cosam.sweeps.registry import finished_runs

_RANKS = ("R1", "R5", "R10", "R20")
# What else tells evaluations of one network apart.
_EVALUATED = ("distance", "snippet_tail", "precision", "reranking")


class SplitSummary(Callback):
    """Keeps `splits.json` up to date after every job, and prints its tables after the last.

    A sweep that scores fewer than two splits is left alone.
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
    found = summary(sweep)
    if found:
        write_json(sweep / "splits.json", found)
    return found


def summary(sweep: Path) -> dict[str, Any]:
    """The finished runs of a sweep by what they share beside the split; nothing if they share the split too.

    A group is a network under a protocol, named after its first run. Scores are fractions of 1; the standard
    deviation is that of a sample. Both are left out where a split stands more than once.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    names: dict[str, str] = {}
    for folder, metrics in finished_runs(sweep):
        if metrics["data"]["split"] is None:
            continue
        shared, name = _network(folder, metrics)
        for result in metrics.get("results", [metrics]):
            protocol = {"protocol": result["protocol"], "reranked": result.get("reranked", False)}
            key = json.dumps(shared | protocol, sort_keys=True)
            names.setdefault(key, name)
            groups.setdefault(key, []).append(_run(folder, metrics["data"], result) | protocol)
    if len({run["split"] for runs in groups.values() for run in runs}) < 2:
        return {}
    return {f"{number}: {names[key]}": _group(runs) for number, (key, runs) in enumerate(groups.items(), 1)}


def _network(folder: Path, metrics: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What the runs of a group share, and its name: of a training run, or of an evaluation."""
    if "trained" not in metrics:
        config: Any = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
        trained, name = identity(config), folder.name
        evaluated = {}
    else:
        trained, name = metrics["trained"], metrics["trained"]["run_name"]
        evaluated = {key: metrics[key] for key in _EVALUATED}
    data = {f"evaluated.{key}": metrics["data"][key] for key in ("name", "tested_half")}
    free = {"data.split", "run_name"}
    shared = {key: value for key, value in trained.items() if key not in free} | evaluated | data
    return shared, re.sub(r"-split\d+(-[0-9a-f]+)?$", "", name)


def _run(folder: Path, data: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: data[name] for name in ("name", "split", "tested_half", "splits_file")}
    scores = {name: result[name] for name in ("valid_queries", "mAP", *_RANKS)}
    return {"folder": str(folder)} | told | scores


def _group(runs: list[dict[str, Any]]) -> dict[str, Any]:
    if len({run["split"] for run in runs}) < len(runs):
        return {"splits": runs, "mean": {}, "standard_deviation": {}}
    columns = {name: [run[name] for run in runs] for name in ("mAP", *_RANKS)}
    return {
        "splits": runs,
        "mean": {name: statistics.mean(column) for name, column in columns.items()},
        "standard_deviation": {
            name: statistics.stdev(column) for name, column in columns.items() if len(column) > 1
        },
    }
