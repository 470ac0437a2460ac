"""What one setting does to the scores, among runs that agree in all others."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reid_cosam.results.report.runs import Run
from reid_cosam.results.tables.records import placement


@dataclass(frozen=True)
class Varied:
    """A setting that is compared: its name in print, what it is set by, and how its values are shown."""

    name: str
    prefixes: tuple[str, ...]
    value: Callable[[Run], str]
    order: Callable[[Run], Any]


# What belongs to a setting varies with it: TA has another stride, and without COSAM there is no attention.
VARIED = (
    Varied(
        "placement of COSAM",
        ("cosam", "recipe.attention."),
        lambda run: placement(run.network.cosam) if run.network.cosam else "none",
        lambda run: (len(run.network.cosam), run.network.cosam),
    ),
    Varied(
        "frames in a snippet, N",
        ("num_frames",),
        lambda run: str(run.network.num_frames),
        lambda run: run.network.num_frames,
    ),
    Varied(
        "aggregator",
        ("agg.",),
        lambda run: run.network.agg,
        lambda run: ("tp_avg", "tp_max", "ta", "rnn").index(run.network.agg),
    ),
)


@dataclass(frozen=True)
class Series:
    """Runs that differ in the varied setting and the seed alone: mAP in percent by value, one a seed."""

    label: str
    scores: dict[str, list[float]]
    runs: Sequence[Run]


@dataclass(frozen=True)
class Effect:
    """All series of one setting on one data set; `values` in the order in which they are shown."""

    varied: str
    data: str
    values: list[str]
    series: list[Series]


def effects(runs: Sequence[Run]) -> list[Effect]:
    """What can be compared, setting by setting and data set by data set."""
    places = list(dict.fromkeys(place_of(run) for run in runs))
    found = [
        _effect(varied, place, [run for run in runs if place_of(run) == place])
        for varied in VARIED
        for place in places
    ]
    return [effect for effect in found if effect.series]


def place_of(run: Run) -> str:
    """Data set and image size, on which runs can be compared."""
    return f"{run.data}, {run.network.height}x{run.network.width}"


def _effect(varied: Varied, place: str, runs: Sequence[Run]) -> Effect:
    alike: dict[str, list[Run]] = {}
    for run in runs:
        fixed = {
            name: value
            for name, value in run.settings.items()
            if not name.startswith(varied.prefixes) and name != "seed"
        }
        alike.setdefault(json.dumps(fixed, sort_keys=True), []).append(run)
    several = [same for same in alike.values() if len({varied.value(run) for run in same}) > 1]
    ordered = sorted((run for same in several for run in same), key=varied.order)
    values = list(dict.fromkeys(varied.value(run) for run in ordered))
    return Effect(varied.name, place, values, [_series(varied, same, values) for same in several])


def _series(varied: Varied, runs: Sequence[Run], values: Sequence[str]) -> Series:
    by_seed = {(varied.value(run), run.seed): run for run in runs}  # of twins the last counts
    scores = {
        value: [100 * run.mean_ap for (one, _), run in by_seed.items() if one == value] for value in values
    }
    found = {value: seeds for value, seeds in scores.items() if seeds}
    return Series(_fixed(varied, runs[0]), found, list(by_seed.values()))


def _fixed(varied: Varied, run: Run) -> str:
    """The settings that a reader knows a run by, without the varied one."""
    network = run.network
    parts = {
        "backbone.": network.backbone,
        "agg.": network.agg,
        "cosam": f"COSAM {placement(network.cosam)}" if network.cosam else "no COSAM",
        "num_frames": f"N={network.num_frames}",
    }
    return ", ".join(text for name, text in parts.items() if name not in varied.prefixes)
