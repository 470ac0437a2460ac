"""What one setting does to the scores, among runs that agree in all others."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from reid_cosam.results.report.runs import Names, Run, cosam_names, told_apart
from reid_cosam.results.tables.records import placement


@dataclass(frozen=True)
class Varied:
    """A setting that is compared: its name in print, what it is set by, and how its values are shown.

    `value` also gets what `cosam_names` gives.
    """

    name: str
    prefixes: tuple[str, ...]
    value: Callable[[Run, Names], str]
    order: Callable[[Run], Any]


# What belongs to a setting varies with it: TA has another stride, and without COSAM there is no attention.
VARIED = (
    Varied(
        "placement of COSAM",
        ("cosam", "recipe.attention."),
        lambda run, names: names[run.folder],
        lambda run: (len(run.network.cosam), run.network.cosam),
    ),
    Varied(
        "frames in a snippet, N",
        ("num_frames",),
        lambda run, _: str(run.network.num_frames),
        lambda run: run.network.num_frames,
    ),
    Varied(
        "aggregator",
        ("agg.",),
        lambda run, _: run.network.agg,
        lambda run: (*(run.network.agg != name for name in ("tp_avg", "tp_max", "ta")), run.network.agg),
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
    return f"{run.data_set}, {run.network.height}x{run.network.width}"


def _effect(varied: Varied, place: str, runs: Sequence[Run]) -> Effect:
    names = cosam_names(runs)
    shown = {run.folder: varied.value(run, names) for run in runs}
    alike: dict[str, list[Run]] = {}
    settings: dict[str, dict[str, Any]] = {}
    for run in runs:
        fixed = {
            name: value
            for name, value in run.settings.items()
            if not name.startswith(varied.prefixes) and name not in ("seed", "data.split")
        }
        key = json.dumps(fixed, sort_keys=True)
        alike.setdefault(key, []).append(run)
        settings[key] = fixed
    several = {key: same for key, same in alike.items() if len({shown[run.folder] for run in same}) > 1}
    ordered = sorted((run for same in several.values() for run in same), key=varied.order)
    values = list(dict.fromkeys(shown[run.folder] for run in ordered))
    labels = told_apart(
        [_fixed(varied, same[0]) for same in several.values()], [settings[key] for key in several]
    )
    series = [
        _series(shown, label, same, values) for label, same in zip(labels, several.values(), strict=True)
    ]
    return Effect(varied.name, place, values, series)


def _series(shown: Names, label: str, runs: Sequence[Run], values: Sequence[str]) -> Series:
    """A seed counts by its mean over splits; of twins the last counts."""
    latest = {(shown[run.folder], run.seed, run.data): run for run in runs}
    scores: dict[str, dict[int, list[float]]] = {value: {} for value in values}
    for (value, seed, _), run in latest.items():
        scores[value].setdefault(seed, []).append(100 * run.mean_ap)
    found = {value: [mean(splits) for splits in seeds.values()] for value, seeds in scores.items() if seeds}
    return Series(label, found, list(latest.values()))


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
