"""Finished runs of one comparison as a table: one row per run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from reid_cosam.results.summary import HOW_SCORED

SCORES = ["mAP", "R1", "R5", "R20"]
WITHOUT = "no COSAM"
PAIR = ["seed", "split"]
NETWORK, RECIPE, SIDE = "network", "recipe", "side"
MASKS = {None: "", "mean mask": ", mean mask", "flat mask": ", flat mask"}
CHANGES = ["flat", "by place", "swapped"]
_VARIED = (
    *("cosam", "recipe.attention", "seed", "data.split", "data.reader.split"),
    # without effect on what a run finds
    *("ckpt_path", "data.root", "data.workers", "logger", "registry", "backbone.weights"),
    *("trainer.checkpoint_every", "trainer.eval_every", "trainer.log_every"),
)


def read_runs(folders: Sequence[Path]) -> pd.DataFrame:
    """One row per finished run: network, recipe, side, seed, split, scores in percent, and what masks do.

    A data set without splits counts as its only one, 0. Evaluations inside a run's folder belong to the run.

    Raises:
        SystemExit: a folder without a finished run, runs of one network and recipe with other settings, a
            pair twice on one side.
    """
    runs = [run for folder in folders for run in _finished(folder)]
    configs = [yaml.safe_load((run / "config.yaml").read_text()) for run in runs]
    first: dict[tuple[str, str], tuple[Path, object]] = {}
    for run, config in zip(runs, configs, strict=True):
        key = _network(config), _recipe(config)
        _refuse_other_settings(run, config, *first.setdefault(key, (run, config)))
    rows = [_row(run, config) for run, config in zip(runs, configs, strict=True)]
    keys = [NETWORK, RECIPE, SIDE, *PAIR]
    found = pd.DataFrame(rows, index=pd.Index(map(str, runs))).sort_values(keys)
    for (_, _, side, seed, split), same in found.groupby(keys):
        if len(same) > 1:
            where = ", ".join(same.index)
            raise SystemExit(f"{side} has more than one run of seed {seed}, split {split}: {where}")
    return found


def _finished(folder: Path) -> list[Path]:
    found = sorted(path.parent for path in folder.rglob("metrics.json"))
    runs = [run for run in found if not (run.parent / "metrics.json").exists()]
    if not runs:
        raise SystemExit(f"{folder} holds no finished run: no metrics.json at any depth")
    return runs


def _refuse_other_settings(run: Path, config: object, first: Path, expected: object) -> None:
    ours, theirs = (dict(_compared(one)) for one in (config, expected))
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise SystemExit(
                f"{name} is {ours.get(name)} in {run} but {theirs.get(name)} in {first}: compare runs that "
                "differ in cosam, seed, data.split and recipe.attention alone"
            )


def _compared(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Dotted names and values of the settings that all runs must share."""
    if name in _VARIED:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _compared(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _network(config: Mapping[str, Any]) -> str:
    """`mobilenetv2_100, ImageNet weights, 128x64, 200 iterations`."""
    backbone, data = config["backbone"], config["data"]
    name = backbone.get("model") or backbone["_target_"].rpartition(".")[2]
    weights = "ImageNet" if backbone.get("pretrained") or backbone.get("weights") else "random"
    steps = config["trainer"]["max_steps"]
    return f"{name}, {weights} weights, {data['height']}x{data['width']}, {steps} iterations"


def _recipe(config: Mapping[str, Any]) -> str:
    return str(config["recipe"].get("name", "paper"))


def _head(attention: Mapping[str, Any]) -> str:
    """`paper` and `released` are variants of COSAM; other layers are named by their class: `pooled`."""
    name = str(attention.get("_target_", "")).rpartition(".")[2]
    changes = [f"{key} {attention[key]:g}" for key in ("start", "rate") if key in attention]  # MaskHeadCosam
    return ", ".join([attention.get("variant") or name.removesuffix("Cosam").lower(), *changes])


def _row(run: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    metrics = json.loads((run / "metrics.json").read_text())
    placement = ", ".join(map(str, config["cosam"]))
    return {
        NETWORK: _network(config),
        RECIPE: _recipe(config),
        SIDE: f"COSAM {placement} ({_head(config['recipe']['attention'])})" if placement else WITHOUT,
        "seed": config["seed"],
        "split": config["data"].get("split") or 0,
        "data": " ".join(filter(None, (config["data"]["name"], config["data"].get("size")))),
        "protocol": metrics["protocol"],
        **{name: metrics.get(name) for name in HOW_SCORED},
        "commit": _commit(run),
        **{name: 100 * metrics[name] for name in SCORES},
        **dict(_masks(run, metrics["attention"] or {})),
        **dict(_other_lengths(run)),
    }


def _commit(run: Path) -> str | None:
    """Of the code that trained the network, `changed` if files were; None outside a checkout."""
    path = run / "environment.json"
    git = json.loads(path.read_text())["git"] if path.exists() else {"commit": None}
    return git["commit"] and git["commit"] + (" changed" if git["dirty"] else "")


def _masks(run: Path, attention: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """From the run itself, and from its analysis where there is one; place shares and changes in percent."""
    for block, seen in attention.items():
        yield f"inside {block}", seen["inside"]
        yield f"outside {block}", seen["outside"]
    analysis = run / "analysis" / "analysis.json"
    if analysis.exists():
        yield from _analysed(json.loads(analysis.read_text()))


def _analysed(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for one in found["coverage"] or ():
        if one["instead"] in MASKS:
            yield f"IoU {one['stage']}{MASKS[one['instead']]}", one["iou"]
    for one in found["masks"]:
        if one["place_share"] is not None:
            yield f"place share {one['stage']}", 100 * one["place_share"]
    blocks = [one["stage"] for one in found["masks"]]
    for one in found["scores"]:
        if one["change"] in CHANGES and one["blocks"] == blocks:
            yield one["change"], 100 * one["mAP_difference"]


def _other_lengths(run: Path) -> Iterator[tuple[str, float]]:
    """mAP of evaluations in the run's folder whose clips have another length than in training."""
    for path in sorted(run.glob("*/metrics.json")):
        settings = yaml.safe_load((path.parent / "config.yaml").read_text())
        if settings["num_frames"] is not None:
            yield f"mAP, N = {settings['num_frames']}", 100 * json.loads(path.read_text())["mAP"]
