"""Training curves by network, every seed beside the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from reid_cosam.results.faults import noting
from reid_cosam.results.report.compare import alike, cosam_names, place_of
from reid_cosam.results.run_settings import ATTENTION
from reid_cosam.results.runs import Run

LOSS, SCORE = "train/total", "eval/mAP"


@dataclass(frozen=True)
class Curve:
    """One quantity of several runs that differ in seed and split, at the iterations that all of them have."""

    label: str
    iterations: Float[np.ndarray, " n"]
    values: Float[np.ndarray, "runs n"]
    runs: Sequence[Run]


@dataclass(frozen=True)
class Panel:
    """Curves that are read against one another: of networks that differ in their placement of COSAM."""

    title: str
    quantity: str
    curves: list[Curve]


def logged(run: Run) -> pd.DataFrame | None:
    """What a run logged over iterations, also before an interruption; None where it logged nothing.

    Raises:
        ValueError, OSError, KeyError: a file is damaged.
    """
    files = [*sorted(run.folder.glob("curves_before_*/metrics.csv")), run.folder / "curves/metrics.csv"]
    parts = [pd.read_csv(file) for file in files if file.is_file()]
    if not parts:
        return None
    last, trainer = float(parts[-1]["step"].max()), run.config["trainer"]
    if last + trainer["log_every"] <= trainer["max_steps"]:
        raise ValueError(f"they end after iteration {last:.0f} of {trainer['max_steps']}")
    return pd.concat(parts).astype(float).groupby("step").last()


def panels(runs: Sequence[Run], faults: list[str]) -> list[Panel]:
    """The loss of every network, and mAP where it was taken more than once; `faults` names damaged files.

    A panel holds runs that agree in all settings but placement, seed and split; of twins the last counts.
    """
    tables: dict[Run, pd.DataFrame] = {}
    for run in runs:
        with noting(faults, f"the curves of {run.folder}"):
            table = logged(run)
            if table is not None:
                tables[run] = table
    names, found = cosam_names(runs), []
    for title, same in alike(list(tables), ("cosam", ATTENTION), _title):
        by_label: dict[str, dict[tuple[int, str], Run]] = {}
        for run in same:
            label = f"COSAM {names[run.folder]}" if run.network.cosam else "no COSAM"
            by_label.setdefault(label, {})[run.seed, run.data] = run
        for name, quantity in ((LOSS, "training loss"), (SCORE, "mAP (%)")):
            curves = [
                _curve(label, {run: tables[run] for run in twins.values()}, name)
                for label, twins in by_label.items()
            ]
            found.append(Panel(title, quantity, [curve for curve in curves if curve]))
    return [panel for panel in found if panel.curves]


def _title(run: Run) -> str:
    return f"{run.network.backbone}, {run.network.agg}, N={run.network.num_frames} on {place_of(run)}"


def _curve(label: str, tables: Mapping[Run, pd.DataFrame], name: str) -> Curve | None:
    having = {run: table[name] for run, table in tables.items() if name in table}
    shared = pd.concat(having.values(), axis=1, join="inner").dropna() if having else pd.DataFrame()
    if len(shared) < 2:
        return None
    values = np.ascontiguousarray(shared.to_numpy().T) * (100 if name == SCORE else 1)
    return Curve(label, shared.index.to_numpy(dtype=float), values, list(having))
