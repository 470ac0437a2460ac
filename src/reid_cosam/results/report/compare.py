"""What runs have in common, and what distinguishes them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reid_cosam.results.run_settings import ATTENTION, placement
from reid_cosam.results.runs import Run

Names = Mapping[Path, str]  # by a run's folder


def common(runs: Sequence[Run]) -> dict[str, Any]:
    """The settings that all runs share."""
    first, *others = [run.settings for run in runs]
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def varied(runs: Sequence[Run]) -> list[str]:
    """The names of the settings that distinguish runs; not those of a part that only some of them have."""
    shared = set.intersection(*(set(run.settings) for run in runs)) - common(runs).keys()
    return [name for name in runs[0].settings if name in shared]


def alike(
    runs: Sequence[Run],
    varying: tuple[str, ...],
    label: Callable[[Run], str],
    wanted: Callable[[list[Run]], bool] = bool,
) -> list[tuple[str, list[Run]]]:
    """The wanted groups of runs that agree in all settings but the varying ones, seed and split.

    Args:
        varying: how the names of these settings begin.
        label: of a group, to which is added in which settings it differs from others of that label.
    """
    groups: dict[str, tuple[dict[str, Any], list[Run]]] = {}
    varying = (*varying, "seed", "data.split")
    for run in runs:
        fixed = {name: value for name, value in run.settings.items() if not name.startswith(varying)}
        groups.setdefault(json.dumps(fixed, sort_keys=True), (fixed, []))[1].append(run)
    chosen = [(fixed, same) for fixed, same in groups.values() if wanted(same)]
    labels = distinguished([label(same[0]) for _, same in chosen], [fixed for fixed, _ in chosen])
    return list(zip(labels, (same for _, same in chosen), strict=True))


def cosam_names(runs: Sequence[Run]) -> Names:
    """By folder the placement of COSAM or `none`, and what else of it distinguishes runs of one placement."""
    labels = [placement(run.network.cosam) if run.network.cosam else "none" for run in runs]
    settings = [
        {name.removeprefix(ATTENTION): value for name, value in run.settings.items() if ATTENTION in name}
        for run in runs
    ]
    return dict(zip((run.folder for run in runs), distinguished(labels, settings), strict=True))


def distinguished(labels: Sequence[str], settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The labels; to those that occur several times is added in which settings they differ."""
    found = []
    for label, own in zip(labels, settings, strict=True):
        same = [other for name, other in zip(labels, settings, strict=True) if name == label]
        names = [name for name in own if any(other.get(name) != own[name] for other in same)]
        found.append(", ".join([label, *(f"{name}={own[name]}" for name in names)]))
    return found


def place_of(run: Run) -> str:
    """Data set and image size, on which runs can be compared."""
    return f"{run.data_set}, {run.network.height}x{run.network.width}"
