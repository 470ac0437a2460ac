"""Finished training runs and evaluations, as their folders hold them."""

import csv
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from reid_cosam.results.finished_run import METRICS, read_metrics
from reid_cosam.results.run_settings import NetworkSpec, network_of
from reid_cosam.settings.identity import identity

# Words of a command that say where, how often and from where on it runs, not what.
_NOT_ITS_OWN = ("launcher=", "retry_failed=", "seeds=", "ckpt_path=", "registry=", "runs=")


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run: its folder, and what config.yaml, metrics.json and environment.json hold."""

    folder: Path
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """What links within a page call it; runs in different folders may have one name."""
        name = re.sub(r"[^\w.-]+", "-", self.folder.name, flags=re.ASCII)
        return f"run-{name}-{sha256(self.folder.as_posix().encode(errors='surrogateescape')).hexdigest()[:8]}"

    @property
    def seed(self) -> int:
        return int(self.config["seed"])

    @property
    def network(self) -> NetworkSpec:
        return network_of(self.config)

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
        """All that influences its numbers, by the names on the command line."""
        return identity(self.config)

    @property
    def command(self) -> str | None:
        """The command that repeats it, in a sweep this run alone; None where it was started from Python."""
        overrides = self.environment.get("overrides")
        if overrides is None:
            return None
        kept = [word for word in map(str, overrides) if not word.startswith(_NOT_ITS_OWN)]
        anew = [
            f"{name}=null" for name in ("registry", "runs") if self.config.get(name) is not None
        ]  # else the recorded run is found again
        config_dir = self.environment.get("config_dir")
        own = ["--config-dir", str(config_dir)] if config_dir else []
        return shlex.join(["python", "-m", "reid_cosam.train", *own, *kept, *anew])

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of one of the run's CSV files.

        Raises:
            ValueError, OSError: the file is missing or damaged.
        """
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def finished_folders(places: Sequence[Path]) -> list[Path]:
    """The folders of finished runs and evaluations at any depth."""
    found = {path.parent.resolve(): path.parent for place in places for path in place.rglob(METRICS)}
    return [found[key] for key in sorted(found)]


def read_run(folder: Path) -> Run:
    """The run or evaluation in a folder.

    Raises:
        ValueError, OSError, KeyError: a file is missing or damaged.
    """
    config = read_yaml(folder / "config.yaml")
    if not isinstance(config, dict):
        raise ValueError("config.yaml holds no settings")
    return Run(folder, config, read_metrics(folder, config))


def read_yaml(path: Path) -> Any:
    """Plain containers; ValueError where the file is no YAML."""
    with path.open(encoding="utf-8") as file:
        try:
            return yaml.safe_load(file)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from error
