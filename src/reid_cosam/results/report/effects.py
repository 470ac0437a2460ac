"""What one setting does to the scores, among runs that agree in all others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from reid_cosam.results.report.compare import Names, alike, cosam_names, place_of
from reid_cosam.results.run_settings import AGGREGATOR, ATTENTION, BACKBONE, SETTINGS, placement
from reid_cosam.results.runs import Run


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
        ("cosam", ATTENTION),
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
        (AGGREGATOR, SETTINGS["last_stride"]),
        lambda run, _: run.network.agg,
        lambda run: (*(run.network.agg != name for name in ("tp_avg", "tp_max", "ta")), run.network.agg),
    ),
)


@dataclass(frozen=True)
class Series:
    """Runs that differ in the varied setting and the seed alone: mAP in percent by value, one per seed."""

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
    by_place: dict[str, list[Run]] = {}
    for run in runs:
        by_place.setdefault(place_of(run), []).append(run)
    found = [_effect(varied, place, same) for varied in VARIED for place, same in by_place.items()]
    return [effect for effect in found if effect.series]


def _effect(varied: Varied, place: str, runs: Sequence[Run]) -> Effect:
    names = cosam_names(runs)
    shown = {run.folder: varied.value(run, names) for run in runs}
    several = alike(
        runs,
        varied.prefixes,
        lambda run: _fixed(varied, run),
        lambda same: len({shown[run.folder] for run in same}) > 1,
    )
    ordered = sorted((run for _, same in several for run in same), key=varied.order)
    values = list(dict.fromkeys(shown[run.folder] for run in ordered))
    return Effect(
        varied.name, place, values, [_series(shown, label, same, values) for label, same in several]
    )


def _series(shown: Names, label: str, runs: Sequence[Run], values: Sequence[str]) -> Series:
    """A seed counts by its mean over splits; of twins the last counts."""
    latest = {(shown[run.folder], run.seed, run.data): run for run in runs}
    scores: dict[str, dict[int, list[float]]] = {value: {} for value in values}
    for (value, seed, _), run in latest.items():
        scores[value].setdefault(seed, []).append(100 * run.mean_ap)
    found = {value: [mean(splits) for splits in seeds.values()] for value, seeds in scores.items() if seeds}
    return Series(label, found, list(latest.values()))


def _fixed(varied: Varied, run: Run) -> str:
    """The settings by which a reader knows a run, without the varied one."""
    network = run.network
    parts = {
        BACKBONE: network.backbone,
        AGGREGATOR: network.agg,
        "cosam": f"COSAM {placement(network.cosam)}" if network.cosam else "no COSAM",
        "num_frames": f"N={network.num_frames}",
    }
    return ", ".join(text for name, text in parts.items() if name not in varied.prefixes)
