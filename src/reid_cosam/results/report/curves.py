"""Training curves by network, every seed beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from reid_cosam.results.faults import noting
from reid_cosam.results.report.effects import place_of
from reid_cosam.results.report.runs import Run
from reid_cosam.results.tables.records import placement

LOSS, SCORE = "train/total", "eval/mAP"


_Logged = tuple[Run, pd.DataFrame]


@dataclass(frozen=True)
class Curve:
    """One quantity of several seeds, at the iterations that all of them have."""

    label: str
    iterations: Float[np.ndarray, " n"]
    values: Float[np.ndarray, "seeds n"]
    runs: Sequence[Run]


@dataclass(frozen=True)
class Panel:
    """Curves that are read against one another: of networks that differ in their placement of COSAM."""

    title: str
    quantity: str
    curves: list[Curve]


def panels(runs: Sequence[Run], faults: list[str]) -> list[Panel]:
    """The loss of every network, and mAP where it was taken more than once; `faults` names damaged files."""
    groups: dict[str, dict[str, list[_Logged]]] = {}
    for run in runs:
        with noting(faults, f"the curves of {run.folder}"):
            table = run.curves()
            if table is None:
                continue
            network = run.network
            title = f"{network.backbone}, {network.agg}, N={network.num_frames} on {place_of(run)}"
            label = f"COSAM {placement(network.cosam)}" if network.cosam else "no COSAM"
            groups.setdefault(title, {}).setdefault(label, []).append((run, table))
    found = [
        Panel(title, quantity, [one for label in by_label if (one := _curve(label, by_label[label], name))])
        for title, by_label in groups.items()
        for name, quantity in ((LOSS, "training loss"), (SCORE, "mAP (%)"))
    ]
    return [panel for panel in found if panel.curves]


def _curve(label: str, logged: Sequence[_Logged], name: str) -> Curve | None:
    having = [(run, table.set_index("step")[name].dropna()) for run, table in logged if name in table]
    shared = sorted(set.intersection(*(set(one.index) for _, one in having))) if having else []
    if len(shared) < 2:
        return None
    scale = 100 if name == SCORE else 1
    values = np.array([one.loc[shared].to_numpy(dtype=float) * scale for _, one in having])
    return Curve(label, np.array(shared, dtype=float), values, [run for run, _ in having])
