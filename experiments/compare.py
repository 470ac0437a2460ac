"""Compares networks with COSAM, one row per placement and variant, with those without.

    python experiments/compare.py OUT FOLDER [FOLDER ...]

Finished runs are found at any depth of the folders. Runs of one network, image size and number of iterations
are compared; nothing but `VARIED` may tell them apart. A pair is two runs of one seed and one split. Where a
run's folder holds `masks/coverage.json`, which `reid-cosam visualize ckpt=RUN/checkpoints/last.ckpt
hydra.run.dir=RUN/masks` writes, its masks are compared with masks that depend on no image.
OUT/results.csv and OUT/table.md are written.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from reid_cosam.results.store import write_text

SCORES = ["mAP", "R1", "R5", "R20"]
WITHOUT = "no COSAM"
PAIR = ["seed", "split"]
NETWORK = "network"
VARIED = (
    *("cosam", "recipe.attention", "seed", "data.split", "data.reader.split"),
    # without effect on what a run finds
    *("ckpt_path", "data.root", "data.workers", "logger", "registry"),
    *("trainer.checkpoint_every", "trainer.eval_every", "trainer.log_every"),
)
_MASKS = {None: "", "mean mask": ", mean mask", "flat mask": ", flat mask"}


def read_runs(folders: Sequence[Path]) -> pd.DataFrame:
    """One row per finished run: network, side, seed, split, scores in percent, and masks by block.

    A data set without splits counts as its only one, 0.

    Raises:
        SystemExit: a folder without a finished run, runs of one network with other settings, a pair twice on
            one side.
    """
    runs = [run for folder in folders for run in _finished(folder)]
    configs = [yaml.safe_load((run / "config.yaml").read_text()) for run in runs]
    first: dict[str, tuple[Path, object]] = {}
    for run, config in zip(runs, configs, strict=True):
        _refuse_other_settings(run, config, *first.setdefault(_network(config), (run, config)))
    rows = [_row(run, config) for run, config in zip(runs, configs, strict=True)]
    found = pd.DataFrame(rows, index=pd.Index(map(str, runs))).sort_values([NETWORK, "side", *PAIR])
    for (_, side, seed, split), same in found.groupby([NETWORK, "side", *PAIR]):
        if len(same) > 1:
            where = ", ".join(same.index)
            raise SystemExit(f"{side} has more than one run of seed {seed}, split {split}: {where}")
    return found


def _finished(folder: Path) -> list[Path]:
    runs = sorted(path.parent for path in folder.rglob("metrics.json"))
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
    if name in VARIED:
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


def _row(run: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    metrics = json.loads((run / "metrics.json").read_text())
    placement = ", ".join(map(str, config["cosam"]))
    variant = config["recipe"]["attention"]["variant"]
    row = {
        NETWORK: _network(config),
        "side": f"COSAM {placement} ({variant})" if placement else WITHOUT,
        "seed": config["seed"],
        "split": config["data"].get("split") or 0,
        "data": " ".join(filter(None, (config["data"]["name"], config["data"].get("size")))),
        "queries": metrics["valid_queries"],
        "protocol": metrics["protocol"],
        **{name: 100 * metrics[name] for name in SCORES},
    }
    for block, seen in (metrics["attention"] or {}).items():
        row |= {f"inside {block}": seen["inside"], f"outside {block}": seen["outside"]}
    coverage = run / "masks" / "coverage.json"
    for one in json.loads(coverage.read_text())["rows"] if coverage.exists() else ():
        if one["instead"] in _MASKS:
            row[f"IoU {one['stage']}{_MASKS[one['instead']]}"] = one["iou"]
    return row


def table(runs: pd.DataFrame) -> str:
    """Mean and standard deviation over runs, differences in pairs, and where the masks are."""
    first = runs.iloc[0]
    unit = "seeds" if runs["split"].nunique() == 1 else "splits"
    drawn = "Rendered walkers, not a data set of the paper. " if first.data.startswith("synthetic") else ""
    parts = [
        f"# COSAM against none on {first.data}",
        f"{drawn}{first.queries} queries, protocol {first.protocol}; percent, mean ± standard deviation over "
        f"{unit}. A difference is the mean over pairs of runs of one seed and split ± its standard error.",
    ]
    for name, group in runs.groupby(NETWORK):
        parts += [f"## {name}", *_network_parts(group, unit)]
    return "\n\n".join(parts) + "\n"


def _network_parts(runs: pd.DataFrame, unit: str) -> Iterator[str]:
    sides = {str(name): side.set_index(PAIR) for name, side in runs.groupby("side")}
    if WITHOUT not in sides:
        raise SystemExit("no run without COSAM to compare with: cosam=[]")
    without = sides.pop(WITHOUT)
    scores = [_scores(WITHOUT, without), *(_scores(name, side) for name, side in sides.items())]
    differences = [_difference(name, side, without) for name, side in sides.items()]
    yield from _gaps({WITHOUT: without, **sides}, sorted(set(runs.set_index(PAIR).index)))
    yield _markdown(["placement", unit, *SCORES], [*scores, *differences])
    masks = [row for name, side in sides.items() for row in _masks(name, side)]
    if masks:
        headings = ["mean of the mask", "on the person", "beside", "IoU", "IoU, mean mask", "IoU, flat mask"]
        yield _markdown(headings, masks)


def _gaps(sides: Mapping[str, pd.DataFrame], pairs: Sequence[tuple[int, int]]) -> Iterator[str]:
    for name, side in sides.items():
        for seed, split in pairs:
            if (seed, split) not in side.index:
                yield f"{name} has no run of seed {seed}, split {split}: left out of the pairs."


def _scores(name: str, side: pd.DataFrame) -> list[str]:
    return [name, str(len(side)), *(f"{side[s].mean():.1f} ± {side[s].std():.1f}" for s in SCORES)]


def _difference(name: str, side: pd.DataFrame, without: pd.DataFrame) -> list[str]:
    pairs = (side[SCORES] - without[SCORES]).dropna()
    errors = pairs.std() / math.sqrt(max(len(pairs), 1))
    cells = [f"{pairs[score].mean():+.1f} ± {errors[score]:.1f}" for score in SCORES]
    return [f"{name} minus none", str(len(pairs)), *cells]


def _masks(name: str, side: pd.DataFrame) -> Iterator[list[str]]:
    side = side.dropna(axis=1, how="all")
    for block in range(1, 6):
        if f"inside {block}" in side:
            columns = [
                f"inside {block}",
                f"outside {block}",
                *(f"IoU {block}{one}" for one in _MASKS.values()),
            ]
            cells = [_cell(side[one]) if one in side else "-" for one in columns]
            yield [f"{name}, after block {block}", *cells]


def _cell(values: pd.Series) -> str:
    return f"{values.mean():.3f} ± {values.std():.3f}"


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> None:
    if len(arguments) < 2:
        raise SystemExit("usage: python experiments/compare.py OUT FOLDER [FOLDER ...]")
    out, *folders = map(Path, arguments)
    found = read_runs(folders)
    text = table(found)
    write_text(out / "results.csv", found.to_csv(index=False, float_format="%.4f"))
    write_text(out / "table.md", text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
