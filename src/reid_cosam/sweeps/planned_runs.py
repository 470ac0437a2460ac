"""The runs that a table consists of, found without training any."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hydra import compose

from reid_cosam import build
from reid_cosam.data.verification import split_hash
from reid_cosam.results.tables.layout import STAND_INS
from reid_cosam.settings import DataSettings, TrainSettings
from reid_cosam.settings.identity import run_key
from reid_cosam.settings.recipe import part_name
from reid_cosam.sweeps import grid, registry


class Sweep(NamedTuple):
    """Overrides of `train`; of the runs that they make, those with one of `backbones` count, or all."""

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


class Planned(NamedTuple):
    """A run that a table consists of: its settings, the overrides they come from, where it is kept."""

    settings: TrainSettings
    overrides: tuple[str, ...]
    folder: Path


def planned(table: str, overrides: Sequence[str]) -> list[Planned]:
    """The runs of a table, composed with further overrides; Hydra must be initialised.

    `experiment=...` among the overrides is composed over the table's own: `experiment=tables_synthetic`.

    Raises:
        ValueError, OSError: no such table, a bad setting, or no data where the settings look for them.
    """
    if table not in TABLES:
        raise ValueError(f"{table}: no such table; there are {', '.join(TABLES)}")
    return [run for sweep in TABLES[table] for run in _runs(sweep, overrides)]


def _runs(sweep: Sweep, overrides: Sequence[str]) -> Iterator[Planned]:
    (experiment, *others) = sweep.overrides
    over = [one for one in overrides if one.startswith("experiment=")]
    names = ",".join(one.partition("=")[2].strip("[]") for one in (experiment, *over))
    told = [f"experiment=[{names}]", *others, *(one for one in overrides if one not in over)]
    for job in grid.jobs(grid.composed(told)):
        settings = _settings(job)
        if sweep.backbones and part_name(settings.backbone) not in sweep.backbones:
            continue
        key = run_key(settings.model_dump(mode="json"), _split(settings.data))
        yield Planned(settings, tuple(job), registry.kept_folder(settings, key))


def _settings(job: Iterable[str]) -> TrainSettings:
    """Composing takes a while, and runs that differ by their seed differ by nothing else."""
    (seed,) = (int(one.partition("=")[2]) for one in job if one.startswith("seed="))
    return _composed(tuple(one for one in job if not one.startswith("seed="))).model_copy(
        update={"seed": seed}
    )


@cache
def _composed(job: tuple[str, ...]) -> TrainSettings:
    return build.read_settings(compose("train", list(job)))


@cache
def _split(data: DataSettings) -> str:
    """The hash of the tracklets; none while the synthetic ones are still to be rendered."""
    if not build.is_rendered(data):
        return ""
    return split_hash(build.make_splits(data), build.data_folder(data))
