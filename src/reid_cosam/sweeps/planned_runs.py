"""The runs that a table consists of, found without training any."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hydra import compose

from reid_cosam import build
from reid_cosam.data.verification import split_hash
from reid_cosam.results.tables.paper import STAND_INS
from reid_cosam.settings import DataSettings, TrainSettings
from reid_cosam.settings.train import part_name
from reid_cosam.sweeps import sweep
from reid_cosam.sweeps.registry import registered_folder


class Sweep(NamedTuple):
    """Overrides of `train`, and the backbones whose runs count, where not all do."""

    overrides: tuple[str, ...]
    backbones: tuple[str, ...] = ()


_PAPERS = ("resnet50",)  # whose baselines come from another source
_PLAIN = (*_PAPERS, STAND_INS["resnet50"])
_SOURCE = Sweep(("experiment=source_baseline",), _PAPERS)
_SOURCE_TP = Sweep(("experiment=source_baseline", "agg=tp_avg"), _PAPERS)
_SOURCE_TA = Sweep(("experiment=source_baseline", "agg=ta"), _PAPERS)
# The sweeps whose runs fill a table.
TABLES: dict[str, tuple[Sweep, ...]] = {
    "table2": (Sweep(("experiment=table2",)), _SOURCE),
    "table3": (Sweep(("experiment=table3",)), _SOURCE_TP),
    "table4": (Sweep(("experiment=table4",)), _SOURCE),
    "table5": (
        Sweep(("experiment=figure6", "cosam=[],[4,5]")),
        Sweep(("experiment=table4", "cosam=[]", "agg=ta"), _PLAIN),
        _SOURCE_TA,
    ),
    "table6": (Sweep(("experiment=table6",)),),
    "table7": (Sweep(("experiment=table7",)), _SOURCE_TP),
    "figure6": (Sweep(("experiment=figure6",)),),
    "placements": (Sweep(("experiment=placements",)),),
    "frame_selection": (Sweep(("experiment=frame_selection",)),),
    "cross_dataset": (Sweep(("experiment=cross_dataset",)),),
}


class PlannedRun(NamedTuple):
    settings: TrainSettings
    folder: Path


def planned_runs(table: str, overrides: Sequence[str]) -> list[PlannedRun]:
    """The runs of a table, composed with further overrides; Hydra must be initialised.

    `experiment=...` among the overrides is composed over the table's own: `experiment=tables_synthetic`.

    Raises:
        ValueError, OSError: no such table, a bad setting, or no data where the settings look for them.
    """
    if table not in TABLES:
        raise ValueError(f"{table}: no such table; there are {', '.join(TABLES)}")
    return [run for part in TABLES[table] for run in _runs_of(part, overrides)]


def _runs_of(part: Sweep, overrides: Sequence[str]) -> Iterator[PlannedRun]:
    all_overrides = [*part.overrides, *overrides]
    experiments = [one for one in all_overrides if one.startswith("experiment=")]
    names = ",".join(one.partition("=")[2].strip("[]") for one in experiments)
    others = [one for one in all_overrides if one not in experiments]
    for job in sweep.jobs(sweep.composed([f"experiment=[{names}]", *others])):
        settings = _settings(job)
        if not part.backbones or part_name(settings.backbone) in part.backbones:
            yield PlannedRun(settings, registered_folder(settings, _split(settings.data.model_dump_json())))


def _settings(job: Sequence[str]) -> TrainSettings:
    """Composed once for all seeds, as composing takes a while."""
    (seed,) = (int(one.partition("=")[2]) for one in job if one.startswith("seed="))
    others = tuple(one for one in job if not one.startswith("seed="))
    return _composed(others).model_copy(update={"seed": seed})


@cache
def _composed(job: tuple[str, ...]) -> TrainSettings:
    return build.read_settings(compose("train", list(job)))


@cache
def _split(settings: str) -> str:
    """The hash of the tracklets; empty while the synthetic ones are still to be rendered.

    Args:
        settings: of the data set, as JSON, by which the result is cached.
    """
    data = DataSettings.model_validate_json(settings)
    if not build.is_rendered(data):
        return ""
    return split_hash(build.make_splits(data), build.data_folder(data))
