"""Run folders as training writes them, with scores that are made up."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from reid_cosam.results.runs import Run
from reid_cosam.settings.train import part_name
from tests.test_settings import settings

TINY = ("experiment=quickstart", "data.height=64", "data.width=32", "recipe.max_steps=20")


def write_run(root: Path, mean_ap: float, *overrides: str, lists: Sequence[Sequence[bool]] = ()) -> Path:
    """A run of `experiment=quickstart` and further overrides, in a folder named after it.

    `lists` says of each query, place by place, whether the tracklet is the right person's.
    """
    config = settings(*TINY, *overrides).model_dump(mode="json")
    name = (
        f"{part_name(config['backbone'])}-{''.join(map(str, config['cosam'])) or 'none'}-"
        f"{part_name(config['agg'])}-n{config['num_frames']}-seed{config['seed']}"
    )
    folder = root / name
    folder.mkdir(parents=True)
    scores = {
        "mAP": mean_ap,
        "R1": mean_ap / 2,
        "R5": 0.8,
        "R20": 0.9,
        "protocol": "released",
        "valid_queries": 6,
    }
    metrics = scores | {
        "data": {"name": "synthetic", "root": str(root / "data"), "split": None},
        "attention": None,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    environment = {
        "command": ["train.py", "experiment=quickstart", "-m", "cosam=[],[4,5]"],
        "overrides": [*TINY, *overrides, "launcher=joblib"],
        "git": {"commit": "0123456789abcdef", "dirty": True},
        "packages": {"torch": "2.15.0"},
        "python": "3.11.7",
    }
    (folder / "environment.json").write_text(json.dumps(environment))
    _write_lists(folder, lists)
    return folder


def _write_lists(folder: Path, lists: Sequence[Sequence[bool]]) -> None:
    queries: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number, places in enumerate(lists):
        name = f"q{number}.jpg"
        precision = sum(places) / len(places)
        queries.append({"first_frame": name, "pid": number, "camid": 1, "average_precision": precision})
        for place, correct in enumerate([True, *places]):
            tracklet = {"query": name, "place": place, "pid": number if correct else 99, "camid": 2}
            rows.append(
                tracklet | {"correct": correct, "distance": 1.5 * place, "frame": f"{name}-{place}.jpg"}
            )
    for file, content in (("queries.csv", queries), ("ranked.csv", rows)):
        if content:
            with (folder / file).open("w", newline="") as opened:
                writer = csv.DictWriter(opened, list(content[0]))
                writer.writeheader()
                writer.writerows(content)


def write_analysis(folder: Path, run: Path, mean_ap: float = 0.5) -> Path:
    """An analysis of a run's last checkpoint: after block 4, most is place, and flat masks cost 20 points."""
    scores = [
        {"change": change, "blocks": [4], "mAP": mean_ap + loss, "R1": 0.5}
        | {"mAP_difference": loss, "R1_difference": 0.0}
        for change, loss in (("as trained", 0.0), ("flat", -0.2))
    ]
    masks = [{"stage": 4, "place_share": 0.57, "mean": 0.5, "deviation": 0.1, "mean_mask": [[0.4, 0.6]]}]
    content = {"title": f"{run.name} on synthetic small", "ckpt": str(run / "checkpoints" / "last.ckpt")}
    folder.mkdir(parents=True)
    (folder / "analysis.json").write_text(json.dumps(content | {"masks": masks, "scores": scores}))
    Image.new("RGB", (1600, 400)).save(folder / "analysis.png")
    return folder / "analysis.json"


def write_curves(folder: Path, name: str, losses: dict[int, float], **columns: dict[int, float]) -> None:
    """`FOLDER/<name>/metrics.csv` with losses by iteration, and what else was logged."""
    (folder / name).mkdir()
    steps = sorted({*losses, *(step for column in columns.values() for step in column)})
    series = {"train/total": losses} | {f"eval/{column}": values for column, values in columns.items()}
    lines = [",".join(["step", *series])]
    lines += [",".join([str(step), *(str(one.get(step, "")) for one in series.values())]) for step in steps]
    (folder / name / "metrics.csv").write_text("\n".join(lines) + "\n")


def run(folder: Path) -> Run:
    """The run in a folder."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    metrics, environment = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("metrics", "environment")
    )
    return Run(folder, config, metrics, environment)
