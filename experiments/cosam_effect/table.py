"""Compares networks with COSAM, a row a placement and variant, with those without: results.csv and table.md.

    python experiments/cosam_effect/table.py FOLDER [FOLDER ...]

Finished runs are found at any depth of the folders. Nothing but `VARIED` may tell them apart.
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

HERE = Path(__file__).parent
SCORES = ["mAP", "R1", "R5", "R20"]
WITHOUT = "no COSAM"
VARIED = (
    *("cosam", "recipe.attention", "seed"),
    # without effect on what a run finds
    *("ckpt_path", "data.root", "data.workers", "logger"),
    *("trainer.checkpoint_every", "trainer.eval_every", "trainer.log_every"),
)


def read_runs(folders: Sequence[Path]) -> pd.DataFrame:
    """One row a finished run: its side of the comparison, seed, scores in percent, mean mask by block.

    Raises:
        SystemExit: a folder without a finished run, runs of other settings, a seed twice on one side.
    """
    runs = [run for folder in folders for run in _finished(folder)]
    configs = [yaml.safe_load((run / "config.yaml").read_text()) for run in runs]
    for run, config in zip(runs, configs, strict=True):
        _refuse_other_settings(run, config, runs[0], configs[0])
    rows = [
        _row(json.loads((run / "metrics.json").read_text()), config)
        for run, config in zip(runs, configs, strict=True)
    ]
    found = pd.DataFrame(rows, index=pd.Index(map(str, runs))).sort_values(["side", "seed"])
    for (side, seed), same in found.groupby(["side", "seed"]):
        if len(same) > 1:
            raise SystemExit(f"{side} has more than one run of seed {seed}: {', '.join(same.index)}")
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
                f"{name} is {ours.get(name)} in {run} but {theirs.get(name)} in {first}: "
                "compare runs that differ in cosam, seed and recipe.attention alone"
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


def _row(metrics: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    placement = ", ".join(map(str, config["cosam"]))
    variant = config["recipe"]["attention"]["variant"]
    row = {
        "side": f"COSAM {placement} ({variant})" if placement else WITHOUT,
        "seed": config["seed"],
        "data": " ".join(filter(None, (config["data"]["name"], config["data"]["size"]))),
        "iterations": config["trainer"]["max_steps"],
        "queries": metrics["valid_queries"],
        "protocol": metrics["protocol"],
        **{name: 100 * metrics[name] for name in SCORES},
    }
    for block, seen in (metrics["attention"] or {}).items():
        row |= {f"inside {block}": seen["inside"], f"outside {block}": seen["outside"]}
    return row


def table(runs: pd.DataFrame) -> str:
    """Mean and standard deviation over seeds, differences in pairs of one seed, and where the masks are."""
    sides = {str(name): side.set_index("seed") for name, side in runs.groupby("side")}
    if WITHOUT not in sides:
        raise SystemExit("no run without COSAM to compare with: cosam=[]")
    without = sides.pop(WITHOUT)
    first, seeds = runs.iloc[0], sorted(set(runs.seed))
    scores = [_scores(WITHOUT, without), *(_scores(name, side) for name, side in sides.items())]
    differences = [_difference(name, side, without) for name, side in sides.items()]
    parts = [
        f"# COSAM against none on {first.data}, {len(seeds)} seeds, {first.iterations} iterations",
        f"Rendered walkers, not a data set of the paper. {first.queries} queries, protocol {first.protocol}; "
        "percent, mean ± standard deviation over seeds. A difference is the mean over pairs of runs of one "
        "seed ± its standard error.",
        *_gaps({WITHOUT: without, **sides}, seeds),
        _markdown(["placement", "seeds", *SCORES], [*scores, *differences]),
        _markdown(
            ["mean of the mask", "on the person", "beside"],
            [row for name, side in sides.items() for row in _masks(name, side)],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _gaps(sides: Mapping[str, pd.DataFrame], seeds: Sequence[int]) -> Iterator[str]:
    for name, side in sides.items():
        for seed in seeds:
            if seed not in side.index:
                yield f"{name} has no run of seed {seed}: left out of the pairs."


def _scores(name: str, side: pd.DataFrame) -> list[str]:
    return [name, str(len(side)), *(f"{side[s].mean():.1f} ± {side[s].std():.1f}" for s in SCORES)]


def _difference(name: str, side: pd.DataFrame, without: pd.DataFrame) -> list[str]:
    pairs = (side[SCORES] - without[SCORES]).dropna()
    errors = pairs.std() / math.sqrt(max(len(pairs), 1))
    cells = [f"{pairs[score].mean():+.1f} ± {errors[score]:.1f}" for score in SCORES]
    return [f"{name} minus none", str(len(pairs)), *cells]


def _masks(name: str, side: pd.DataFrame) -> Iterator[list[str]]:
    for block in range(1, 6):
        if f"inside {block}" in side.dropna(axis=1, how="all"):
            means = [side[f"{where} {block}"] for where in ("inside", "outside")]
            yield [f"{name}, after block {block}", *(f"{one.mean():.3f} ± {one.std():.3f}" for one in means)]


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> None:
    if not arguments:
        raise SystemExit("usage: python experiments/cosam_effect/table.py FOLDER [FOLDER ...]")
    found = read_runs([Path(argument) for argument in arguments])
    text = table(found)
    write_text(HERE / "results.csv", found.to_csv(index=False, float_format="%.4f"))
    write_text(HERE / "table.md", text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
