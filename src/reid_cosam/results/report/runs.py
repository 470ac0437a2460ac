"""Finished training runs as a report needs them."""

import csv
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from reid_cosam.results.faults import noting
from reid_cosam.results.finished_run import read_metrics
from reid_cosam.results.store import read_record
from reid_cosam.results.tables.records import SCORES, Network, placement
from reid_cosam.settings.identity import identity, network_names

Names = Mapping[Path, str]  # by a run's folder
Reader = Callable[[Path], Any]  # of a YAML file; ValueError where it is none

# Words of a command that say where, how often and from where on it runs, not what.
_NOT_ITS_OWN = ("launcher=", "retry_failed=", "seeds=", "ckpt_path=", "runs=")
_ATTENTION = "recipe.attention."


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and what config.yaml, metrics.json and environment.json hold."""

    folder: Path
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        """What links within the page call it; runs in different folders may have one name."""
        name = re.sub(r"[^\w.-]+", "-", self.folder.name, flags=re.ASCII)
        return f"run-{name}-{sha256(self.folder.as_posix().encode(errors='surrogateescape')).hexdigest()[:8]}"

    @property
    def seed(self) -> int:
        return int(self.config["seed"])

    @property
    def network(self) -> Network:
        data = self.config["data"]
        backbone, agg, stride = network_names(self.config)
        sizes = self.config["num_frames"], data["height"], data["width"], stride
        return Network(backbone, agg, tuple(self.config["cosam"]), *sizes)

    @property
    def data_set(self) -> str:
        """By name, a synthetic one with its size."""
        data = self.config["data"]
        return " ".join(filter(None, (data["name"], data.get("size"))))

    @property
    def data(self) -> str:
        """The data set, and the split of one that has several."""
        split = self.config["data"]["split"]
        return self.data_set if split is None else f"{self.data_set} split {split}"

    @property
    def is_synthetic(self) -> bool:
        return bool(self.config["data"]["name"] == "synthetic")

    @property
    def mean_ap(self) -> float:
        return float(self.metrics["mAP"])

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides its numbers, by the names on the command line."""
        return identity(self.config)

    @property
    def command(self) -> str | None:
        """The command that repeats it, in a sweep this run alone; None where it was started from Python."""
        overrides = self.environment.get("overrides")
        if overrides is None:
            return None
        kept = [word for word in map(str, overrides) if not word.startswith(_NOT_ITS_OWN)]
        anew = [] if self.config.get("runs") is None else ["runs=null"]  # what is kept is not repeated
        return shlex.join(["python", "-m", "reid_cosam.train", *kept, *anew])

    def curves(self) -> pd.DataFrame | None:
        """What was logged over iterations, also before an interruption; None where nothing was.

        Raises:
            ValueError, OSError, KeyError: a file is damaged.
        """
        files = [*sorted(self.folder.glob("curves_before_*/metrics.csv")), self.folder / "curves/metrics.csv"]
        parts = [pd.read_csv(file) for file in files if file.is_file()]
        if not parts:
            return None
        last, trainer = float(parts[-1]["step"].max()), self.config["trainer"]
        if last + trainer["log_every"] <= trainer["max_steps"]:
            raise ValueError(f"they end after iteration {last:.0f} of {trainer['max_steps']}")
        return pd.concat(parts).astype(float).groupby("step").last().reset_index()

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of one of the run's tables.

        Raises:
            ValueError, OSError: the file is missing or damaged.
        """
        path = self.folder / name
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def read_runs(places: Sequence[Path], read_yaml: Reader, faults: list[str]) -> list[Run]:
    """The finished training runs at any depth of folders.

    `faults` gets what is left out, and why; a folder that it names already is not tried again.
    """
    folders = {path.parent.resolve(): path.parent for place in places for path in place.rglob("metrics.json")}
    runs: list[Run] = []
    named = {fault.partition(" left out: ")[0] for fault in faults}
    for folder in (folders[key] for key in sorted(folders)):
        if str(folder) not in named:
            with noting(faults, folder):
                runs += _read(folder, read_yaml, faults)
    return runs


def _read(folder: Path, read_yaml: Reader, faults: list[str]) -> Iterator[Run]:
    config = read_yaml(folder / "config.yaml")
    if "ckpt" in config:
        return  # an evaluation of some run's checkpoint
    metrics, environment = read_metrics(folder, config), dict[str, Any]()
    with noting(faults, folder / "environment.json"):
        environment = read_record(folder / "environment.json")
    run = Run(folder, config, metrics, environment)
    _ = run.network, run.seed, run.data, run.settings, run.command  # what is missing is missed here
    _ = [float(metrics[name]) for name in SCORES], metrics["protocol"], metrics["valid_queries"]
    yield run


def common(runs: Sequence[Run]) -> dict[str, Any]:
    """The settings that all runs share."""
    first, *others = [run.settings for run in runs]
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def varied(runs: Sequence[Run]) -> list[str]:
    """The names of the settings that tell runs apart; not those of a part that only some of them have."""
    shared = set.intersection(*(set(run.settings) for run in runs)) - common(runs).keys()
    return [name for name in runs[0].settings if name in shared]


def cosam_names(runs: Sequence[Run]) -> Names:
    """By folder the placement of COSAM or `none`, and what else of it tells runs of one placement apart."""
    labels = [placement(run.network.cosam) if run.network.cosam else "none" for run in runs]
    settings = [
        {
            name.removeprefix(_ATTENTION): value
            for name, value in run.settings.items()
            if name.startswith(_ATTENTION)
        }
        for run in runs
    ]
    return dict(zip((run.folder for run in runs), told_apart(labels, settings), strict=True))


def told_apart(labels: Sequence[str], settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The labels; to those that occur several times is added in which settings they differ."""
    told = []
    for label, own in zip(labels, settings, strict=True):
        same = [other for name, other in zip(labels, settings, strict=True) if name == label]
        names = [name for name in own if any(other.get(name) != own[name] for other in same)]
        told.append(", ".join([label, *(f"{name}={own[name]}" for name in names)]))
    return told
