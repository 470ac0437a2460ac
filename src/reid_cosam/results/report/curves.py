"""Training curves by network, every seed beside the others."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from reid_cosam.results.faults import noting
from reid_cosam.results.report.effects import place_of
from reid_cosam.results.report.runs import Run, cosam_names, told_apart

_VARIED = ("cosam", "recipe.attention.", "seed", "data.split")
LOSS, SCORE = "train/total", "eval/mAP"


_Logged = tuple[Run, pd.DataFrame]


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


def panels(runs: Sequence[Run], faults: list[str]) -> list[Panel]:
    """The loss of every network, and mAP where it was taken more than once; `faults` names damaged files.

    A panel holds runs that agree in all settings but placement, seed and split; of twins the last counts.
    """
    groups: dict[str, dict[str, dict[tuple[int, str], _Logged]]] = {}
    titles: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}
    names = cosam_names(runs)
    for run in runs:
        with noting(faults, f"the curves of {run.folder}"):
            table = run.curves()
            if table is None:
                continue
            fixed = {name: value for name, value in run.settings.items() if not name.startswith(_VARIED)}
            key, network = json.dumps(fixed, sort_keys=True), run.network
            titles[key] = f"{network.backbone}, {network.agg}, N={network.num_frames} on {place_of(run)}"
            settings[key] = fixed
            label = f"COSAM {names[run.folder]}" if network.cosam else "no COSAM"
            groups.setdefault(key, {}).setdefault(label, {})[run.seed, run.data] = run, table
    told = told_apart(list(titles.values()), list(settings.values()))
    found = [
        Panel(title, quantity, [one for label in by_label if (one := _curve(label, by_label[label], name))])
        for title, by_label in zip(told, groups.values(), strict=True)
        for name, quantity in ((LOSS, "training loss"), (SCORE, "mAP (%)"))
    ]
    return [panel for panel in found if panel.curves]


def _curve(label: str, logged: Mapping[tuple[int, str], _Logged], name: str) -> Curve | None:
    tables = [(run, table.set_index("step")) for run, table in logged.values() if name in table]
    having = [(run, table[name].dropna()) for run, table in tables]
    shared = sorted(set.intersection(*(set(one.index) for _, one in having))) if having else []
    if len(shared) < 2:
        return None
    scale = 100 if name == SCORE else 1
    values = np.array([one.loc[shared].to_numpy(dtype=float) * scale for _, one in having])
    return Curve(label, np.array(shared, dtype=float), values, [run for run, _ in having])
