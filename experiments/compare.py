"""Compares networks with COSAM, one row per placement and head, with those without; or recipes.

    python -m experiments.compare OUT FOLDER [FOLDER ...] [--recipes BASELINE]

Finished runs are found at any depth of the folders. Runs of one network, image size, number of iterations
and recipe are compared; nothing but placement, head, seed and split may tell them apart. A pair is two runs
of one seed and one split. Where there are no runs without COSAM, scores and masks stand without differences.
With `--recipes strong`, the sides are recipes instead, all compared with `strong`. OUT/results.csv and
OUT/table.md are written.

What the masks do is taken from RUN/analysis, which `reid-cosam analyse ckpt=RUN/checkpoints/last.ckpt
hydra.run.dir=RUN/analysis` writes; scores for other clip lengths from RUN/frames_8 and the like, which
`reid-cosam evaluate ckpt=RUN/checkpoints/last.ckpt num_frames=8 hydra.run.dir=RUN/frames_8` writes.
"""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from experiments.finished_runs import CHANGES, MASKS, NETWORK, PAIR, RECIPE, SCORES, SIDE, WITHOUT, read_runs

from reid_cosam.results.store import write_text
from reid_cosam.results.summary import how_scored


def table(runs: pd.DataFrame, baseline: str = WITHOUT) -> str:
    """Means and standard deviations over runs, differences to the baseline in pairs, and what masks do.

    Args:
        runs: as `read_runs` returns them.
        baseline: `no COSAM`, with which networks of the same recipe are compared, or a recipe, with which
            others are compared that have the same layers.
    """
    compared, others = (SIDE, RECIPE) if baseline == WITHOUT else (RECIPE, SIDE)
    first = runs.iloc[0]
    unit = "seeds" if runs["split"].nunique() == 1 else "splits"
    drawn = "Rendered walkers, not a data set of the paper. " if first.data.startswith("synthetic") else ""
    title = f"COSAM against none on {first.data}" if compared == SIDE else f"Recipes on {first.data}"
    parts = [
        f"# {title}",
        f"{drawn}Protocol {first.protocol}; percent, mean ± standard deviation over {unit}. A difference is "
        "the mean over pairs of runs of one seed and split ± its standard error.",
    ]
    for (network, other), group in runs.groupby([NETWORK, others]):
        more = f"recipe {other}" if others == RECIPE else other
        parts.append(f"## {network}, {more}")
        for _, alike in group.groupby("distance"):
            sides = f"{', '.join(alike[compared].unique())}: " if len(alike) < len(group) else ""
            rows = [{str(name): row[name] for name in row} for row in alike.to_dict("records")]
            parts.append(f"{sides}{how_scored(rows)}")
        parts += _group_parts(group, compared, baseline, unit)
    return "\n\n".join(parts) + "\n"


def _group_parts(runs: pd.DataFrame, compared: str, baseline: str, unit: str) -> Iterator[str]:
    sides = {str(name): side.set_index(PAIR) for name, side in runs.groupby(compared)}
    if compared == RECIPE and baseline not in sides:
        raise SystemExit(f"no run of {baseline} to compare with {', '.join(sides)}: recipe={baseline}")
    base = sides.pop(baseline, None)
    everything = sides if base is None else {baseline: base, **sides}
    scores = [_scores(name, side) for name, side in everything.items()]
    differences = []
    if base is None:
        yield "There are no runs without COSAM (`cosam=[]`), so there are no differences."
    else:
        yield from _gaps(everything, sorted(set(runs.set_index(PAIR).index)))
        short = "none" if baseline == WITHOUT else baseline
        differences = [_difference(f"{name} minus {short}", side, base) for name, side in sides.items()]
    yield _markdown([compared, unit, *SCORES], [*scores, *differences])
    columns = [str(column) for column in runs.columns[runs.notna().any()]]
    lengths = [column for column in columns if column.startswith("mAP, N")]
    if lengths:
        yield "mAP with test clips of other lengths:"
        yield _columns(compared, everything, lengths)
    changes = [column for column in columns if column in CHANGES or column.startswith("place share")]
    if changes:
        yield (
            "Place or content: the share of the masks' variance that the mean mask explains, and by how much "
            "mAP changes, ± its standard error, if masks are flat, the same for every frame (by place), or "
            "another person's (swapped):"
        )
        yield _columns(compared, everything, changes)
    masks = [row for name, side in everything.items() for row in _masks(name, side)]
    if masks:
        headings = ["mean of the mask", "on the person", "beside", "IoU", "IoU, mean mask", "IoU, flat mask"]
        yield _markdown(headings, masks)


def _gaps(sides: Mapping[str, pd.DataFrame], pairs: Sequence[tuple[int, int]]) -> Iterator[str]:
    for name, side in sides.items():
        missing = [f"seed {seed}, split {split}" for seed, split in pairs if (seed, split) not in side.index]
        if missing:
            yield f"{name} has no run of {'; '.join(missing)}: left out of the pairs."


def _scores(name: str, side: pd.DataFrame) -> list[str]:
    return [name, str(len(side)), *(_cell(side[score], 1) for score in SCORES)]


def _difference(name: str, side: pd.DataFrame, base: pd.DataFrame) -> list[str]:
    pairs = (side[SCORES] - base[SCORES]).dropna()
    return [name, str(len(pairs)), *(_change(pairs[score]) for score in SCORES)]


def _change(differences: pd.Series) -> str:
    found = differences.dropna()
    if not len(found):
        return "-"
    mean = f"{found.mean():+.1f}"
    return mean if len(found) < 2 else f"{mean} ± {found.std() / math.sqrt(len(found)):.1f}"


def _columns(compared: str, sides: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> str:
    """The sides that have any of these columns."""
    rows = []
    for name, side in sides.items():
        filled = side[columns].dropna(how="all")
        if len(filled):
            part = "" if len(filled) == len(side) else f" ({len(filled)} of {len(side)} runs)"
            cells = (_change(filled[one]) if one in CHANGES else _cell(filled[one], 1) for one in columns)
            rows.append([f"{name}{part}", *cells])
    return _markdown([compared, *columns], rows)


def _masks(name: str, side: pd.DataFrame) -> Iterator[list[str]]:
    for block in range(1, 6):
        columns = [
            f"inside {block}",
            f"outside {block}",
            *(f"IoU {block}{instead}" for instead in MASKS.values()),
        ]
        if columns[0] in side and side[columns[0]].notna().any():
            cells = [_cell(side[one], 3) if one in side else "-" for one in columns]
            yield [f"{name}, after block {block}", *cells]


def _cell(values: pd.Series, digits: int) -> str:
    found = values.dropna()
    if not len(found):
        return "-"
    mean = f"{found.mean():.{digits}f}"
    return mean if len(found) < 2 else f"{mean} ± {found.std():.{digits}f}"


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for results.csv and table.md")
    parser.add_argument("folders", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument(
        "--recipes", metavar="BASELINE", default=WITHOUT, help="compare recipes with this one"
    )
    given = parser.parse_args(arguments)
    found = read_runs(given.folders)
    text = table(found, given.recipes)
    rows = found.assign(gallery=found["gallery"].str.join(" + "))
    write_text(given.out / "results.csv", rows.to_csv(index=False, float_format="%.4f"))
    write_text(given.out / "table.md", text)
    print(text)


if __name__ == "__main__":
    main()
