"""Training curves by network, every seed beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reid_cosam.results.report.effects import place_of
from reid_cosam.results.report.runs import Run
from reid_cosam.results.tables.records import placement

LOSS, SCORE = "train/total", "eval/mAP"


@dataclass(frozen=True)
class Curve:
    """One quantity of several seeds, at the iterations that all of them have."""

    label: str
    iterations: Float[np.ndarray, " n"]
    values: Float[np.ndarray, "seeds n"]


@dataclass(frozen=True)
class Panel:
    """Curves that are read against one another: of networks that differ in their placement of COSAM."""

    title: str
    quantity: str
    curves: list[Curve]


def panels(runs: Sequence[Run]) -> list[Panel]:
    """The loss of every network, and mAP where it was taken more than once."""
    groups: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        network = run.network
        title = f"{network.backbone}, {network.agg}, N={network.num_frames} on {place_of(run)}"
        label = f"COSAM {placement(network.cosam)}" if network.cosam else "no COSAM"
        groups.setdefault(title, {}).setdefault(label, []).append(run)
    found = [
        Panel(
            title, quantity, [curve for label in by_label if (curve := _curve(label, by_label[label], name))]
        )
        for title, by_label in groups.items()
        for name, quantity in ((LOSS, "training loss"), (SCORE, "mAP (%)"))
    ]
    return [panel for panel in found if panel.curves]


def _curve(label: str, runs: Sequence[Run], name: str) -> Curve | None:
    tables = [table for run in runs if (table := run.curves()) is not None and name in table]
    series = [table.set_index("step")[name].dropna() for table in tables]
    shared = sorted(set.intersection(*(set(one.index) for one in series))) if series else []
    if len(shared) < 2:
        return None
    scale = 100 if name == SCORE else 1
    values = np.array([one.loc[shared].to_numpy(dtype=float) * scale for one in series])
    return Curve(label, np.array(shared, dtype=float), values)
