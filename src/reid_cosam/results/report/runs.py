"""Finished training runs as a report needs them."""

import csv
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reid_cosam.config.identity import identity
from reid_cosam.results.tables.records import Network, placement

Reader = Callable[[Path], Any]  # of a YAML file; ValueError where it is none

# What tells the runs of a sweep apart, by the name that sets it on the command line.
_SWEPT = {"backbone": "backbone.name", "agg": "agg.name", "cosam": "cosam", "num_frames": "num_frames"}
_OF_THE_SWEEP = ("launcher", "hydra.", "seeds", "retry_failed", "--multirun", "-m")


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
        return "run-" + re.sub(r"[^\w.-]+", "-", self.folder.as_posix())

    @property
    def seed(self) -> int:
        return int(self.config["seed"])

    @property
    def network(self) -> Network:
        data, agg = self.config["data"], self.config["agg"]
        sizes = self.config["num_frames"], data["height"], data["width"], agg["last_stride"]
        return Network(self.config["backbone"]["name"], agg["name"], tuple(self.config["cosam"]), *sizes)

    @property
    def data(self) -> str:
        """The data set by name, with the size of a synthetic one and the split of one that has several."""
        data = self.config["data"]
        split = None if data["split"] is None else f"split {data['split']}"
        return " ".join(filter(None, (data["name"], data.get("size"), split)))

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
    def command(self) -> str:
        """The command that repeats it; in a sweep, of this run alone."""
        typed = [str(word) for word in self.environment.get("command", [])[1:]]
        own = {name: _value(self.settings[key]) for name, key in _SWEPT.items()} | {"seed": str(self.seed)}
        kept = [word for word in typed if word.partition("=")[0] not in own]
        words = [word for word in kept if not word.startswith(_OF_THE_SWEEP)]
        return shlex.join(
            ["python", "-m", "reid_cosam.train", *words, *(f"{name}={value}" for name, value in own.items())]
        )

    def curves(self) -> pd.DataFrame | None:
        """What was logged over iterations, also before an interruption; None where nothing was."""
        files = [*sorted(self.folder.glob("curves_before_*/metrics.csv")), self.folder / "curves/metrics.csv"]
        parts = [pd.read_csv(file) for file in files if file.is_file()]
        if not parts:
            return None
        return pd.concat(parts).groupby("step").last().reset_index()

    def table(self, name: str) -> list[dict[str, str]] | None:
        """The rows of one of the run's tables; None where an older run did not write it."""
        path = self.folder / name
        if not path.is_file():
            return None
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def _value(value: Any) -> str:
    return placement(value) if isinstance(value, list) else str(value)


def read_runs(places: Sequence[Path], read_yaml: Reader) -> tuple[list[Run], list[str]]:
    """The finished training runs at any depth of folders, and which folders were left out, and why."""
    folders = {path.parent.resolve(): path.parent for place in places for path in place.rglob("metrics.json")}
    runs, faults = [], []
    for key in sorted(folders):
        try:
            runs += list(_read(folders[key], read_yaml))
        except (KeyError, TypeError, ValueError, OSError, AttributeError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
            faults.append(f"{folders[key]} left out: {said}")
    return runs, faults


def _read(folder: Path, read_yaml: Reader) -> Iterator[Run]:
    config = read_yaml(folder / "config.yaml")
    if "ckpt" in config:
        return  # an evaluation of some run's checkpoint
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    path = folder / "environment.json"
    environment = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    run = Run(folder, config, metrics, environment)
    _ = run.network, run.seed, run.mean_ap, run.settings  # what is missing is missed here
    yield run
