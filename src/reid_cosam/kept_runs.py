"""Runs kept by what they are, so that a sweep may be killed and started again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reid_cosam.config import TrainSettings
from reid_cosam.identity import run_key
from reid_cosam.results.store import write_json

_POINTER = "run.json"


def folder_of(settings: TrainSettings, split: str, job: Path) -> Path:
    """Where a run writes: its job's folder or, with `runs` set, one named after what the run is.

    `split` is the hash of its tracklets: a data set of the same name may hold others. The job's folder then
    says in `run.json` where the run is.
    """
    if settings.runs is None:
        return job
    key = run_key(settings.model_dump(mode="json"), split)
    folder = Path(settings.runs).absolute() / f"{settings.run_name}-{key}"
    write_json(job / _POINTER, {"folder": str(folder), "key": key, "split": split})
    return folder


def is_finished(settings: TrainSettings, folder: Path) -> bool:
    """Whether a kept run is whole; `metrics.json` is the last file that a run writes."""
    return settings.runs is not None and (folder / "metrics.json").is_file()


def going_on(settings: TrainSettings, folder: Path) -> TrainSettings:
    """The settings of a kept run from its last checkpoint on, if there is one; older curves are set aside."""
    last = folder / "checkpoints" / "last.ckpt"
    if settings.runs is None or settings.ckpt_path is not None or not last.is_file():
        return settings
    curves = folder / "curves"
    if curves.is_dir():
        number = len(list(folder.glob("curves_before_*"))) + 1
        curves.rename(folder / f"curves_before_{number}")  # the logger would begin the file anew
    return settings.model_copy(update={"ckpt_path": str(last)})


def finished_runs(sweep: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and metrics of every finished job of a sweep, in the jobs' order, wherever runs are kept."""
    for job in sorted((path for path in sweep.iterdir() if path.is_dir()), key=_by_number):
        pointer = job / _POINTER
        folder = Path(json.loads(pointer.read_text())["folder"]) if pointer.is_file() else job
        metrics = folder / "metrics.json"
        if metrics.is_file():
            yield folder, json.loads(metrics.read_text())


def _by_number(path: Path) -> tuple[int, str]:
    return (int(path.name) if path.name.isdigit() else -1, path.name)
