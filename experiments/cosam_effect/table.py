"""Turns a finished sweep over `cosam` and `seed` into results.csv and table.md beside this file.

python experiments/cosam_effect/table.py logs/train/multiruns/<time>
"""

import json
import math
import sys
from pathlib import Path

import pandas as pd
import yaml

from reid_cosam.results.store import write_text

HERE = Path(__file__).parent
SCORES = ["mAP", "R1", "R5", "R20"]


def read_runs(sweep: Path) -> pd.DataFrame:
    """One row a finished run of the sweep: placement, seed, scores in percent, mean mask by block."""
    rows = []
    for metrics_file in sorted(sweep.glob("*/metrics.json")):
        metrics = json.loads(metrics_file.read_text())
        config = yaml.safe_load((metrics_file.parent / "config.yaml").read_text())
        row = {"cosam": str(config["cosam"]), "seed": config["seed"], "queries": metrics["valid_queries"]}
        row |= {name: 100 * metrics[name] for name in SCORES}
        for stage, seen in (metrics["attention"] or {}).items():
            row |= {f"inside {stage}": seen["inside"], f"outside {stage}": seen["outside"]}
        rows.append(row)
    if not rows:
        raise SystemExit(f"{sweep} holds no finished run: no */metrics.json")
    return pd.DataFrame(rows).sort_values(["cosam", "seed"]).reset_index(drop=True)


def table(runs: pd.DataFrame) -> str:
    """Mean and standard deviation over seeds, the paired difference, and where the masks are."""
    without, attended = (runs[runs.cosam == placement].set_index("seed") for placement in ("[]", "[4, 5]"))
    seeds = sorted(set(without.index) & set(attended.index))
    lines = [
        f"# COSAM against none on the small synthetic set, {len(seeds)} seeds",
        "",
        f"Rendered walkers, not a data set of the paper. {runs.queries.iloc[0]} queries, protocol released; "
        "percent, mean ± standard deviation over seeds.",
        "",
        "| placement | " + " | ".join(SCORES) + " |",
        "|---|" + "---|" * len(SCORES),
    ]
    for name, side in (("no COSAM", without), ("COSAM 4, 5", attended)):
        cells = [f"{side.loc[seeds, s].mean():.1f} ± {side.loc[seeds, s].std():.1f}" for s in SCORES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    cells = []
    for name in SCORES:
        difference = attended.loc[seeds, name] - without.loc[seeds, name]
        cells.append(f"{difference.mean():+.1f} ± {difference.std() / math.sqrt(len(seeds)):.1f}")
    lines += ["| difference ± its standard error | " + " | ".join(cells) + " |", ""]
    lines += ["| mean of the mask | on the person | beside |", "|---|---|---|"]
    for stage in (4, 5):
        sides = [attended.loc[seeds, f"{side} {stage}"] for side in ("inside", "outside")]
        cells = [f"{side.mean():.3f} ± {side.std():.3f}" for side in sides]
        lines.append(f"| COSAM {stage} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = read_runs(Path(sys.argv[1]))
    write_text(HERE / "results.csv", found.to_csv(index=False, float_format="%.4f"))
    write_text(HERE / "table.md", table(found))
    print(table(found))
