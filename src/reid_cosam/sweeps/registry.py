"""The run registry: a folder in which runs have names made from what they are.

So a sweep may be killed and started again. The folder of a registered run tells its state: `metrics.json`
when it is finished, `failure.json` when it failed (`attempts.py`), locks while a process works on it.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reid_cosam.results.faults import noting
from reid_cosam.results.finished_run import METRICS
from reid_cosam.results.runs import Run, read_run
from reid_cosam.results.store import read_record, write_json
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import run_key
from reid_cosam.sweeps.sweep import job_folders

_POINTER = "run.json"
# Beside Hydra's own record and log, which have been started already.
_OUTPUTS = (
    *("checkpoints", "curves", "pictures", "tensorboard", "wandb"),
    *("config.yaml", "environment.json", "pace.json", "queries.csv", "ranked.csv", "cmc.csv", METRICS),
)

_log = logging.getLogger(__name__)


def registered_folder(settings: TrainSettings, split: str) -> Path:
    """The folder of a run in the registry `settings.registry`; `split` is the hash of its tracklets."""
    key = run_key(settings.model_dump(mode="json"), split)
    return Path(settings.registry or "").absolute() / f"{settings.run_name}-{key}"


def folder_of(settings: TrainSettings, split: str, job: Path) -> Path:
    """Where a run writes: its job's folder or, with a registry, its folder there, recorded in `run.json`.

    `split` is the hash of its tracklets: another copy of the data set may hold others under the same name.
    """
    if settings.registry is None:
        return job
    folder = registered_folder(settings, split)
    write_json(job / _POINTER, {"folder": str(folder), "key": folder.name.rpartition("-")[2], "split": split})
    return folder


def finished_metrics(folder: Path) -> dict[str, Any] | None:
    """The content of `metrics.json`, the last file of a run; None where the run is not finished.

    A damaged file is named in a warning, and its run counts as not finished.
    """
    try:
        metrics = read_record(folder / METRICS)
        _ = float(metrics["mAP"]), metrics["protocol"], metrics["valid_queries"]
        return metrics
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        what = str(error) if isinstance(error, ValueError) else f"{folder / METRICS} is damaged: no {error}"
        _log.warning("%s: the run counts as not finished", what)
        return None


def check_as_asked(metrics: Mapping[str, Any], settings: TrainSettings, images: str, folder: Path) -> None:
    """Checks that a finished run, which is not repeated, has the scores that the settings ask for.

    Raises:
        ValueError: it was scored under another protocol, without attributes, or on other images than those
            with the hash `images`.
    """
    command = f"reid-cosam evaluate ckpt={folder / 'checkpoints' / 'last.ckpt'}"
    for name, asked, scored in (
        ("protocol", settings.data.protocol, metrics["protocol"]),
        ("data.attributes", settings.data.attributes, metrics["data"].get("attributes")),
    ):
        if asked is not None and asked != scored:
            raise ValueError(
                f"{folder} is finished, and scored with {name}={scored}; to score it as asked: "
                f"{command} {name}={asked}"
            )
    if metrics.get("made_with", {}).get("images", images) != images:
        raise ValueError(
            f"{folder} is finished, and was trained on other images with the same names: name another "
            "folder with registry=..., or delete this one to train again"
        )


def move_earlier_outputs(folder: Path, same_run: bool) -> Path | None:
    """Moves what an earlier run wrote into the folder, so that nobody takes it for the new run's.

    Everything of another run is moved to a folder `before_<number>` in it, which is returned and stays a run
    with its settings. Of the same run, which is resumed, only curves and scores get other names.
    """
    if same_run:
        for path in (folder / "curves", folder / METRICS):
            if path.exists():
                number = len(list(folder.glob(f"{path.stem}_before_*"))) + 1
                path.rename(path.with_stem(f"{path.stem}_before_{number}"))
        return None
    found = [folder / name for name in _OUTPUTS if (folder / name).exists()]
    if not found:
        return None
    target = folder / f"before_{len(list(folder.glob('before_*'))) + 1}"
    target.mkdir()
    for path in found:
        path.rename(target / path.name)
    return target


def finished_runs(sweep: Path) -> Iterator[Run]:
    """The finished jobs of a sweep, in order, in the registry or not; those of evaluations without settings.

    What is damaged is named in a warning.
    """
    faults: list[str] = []
    for job in job_folders(sweep):
        with noting(faults, job):
            pointer = job / _POINTER
            folder = Path(read_record(pointer)["folder"]) if pointer.is_file() else job
            metrics = finished_metrics(folder)
            if metrics is not None:  # those of an evaluation name its network themselves
                yield Run(folder, {}, metrics) if "trained" in metrics else read_run(folder)
    for fault in faults:
        _log.warning("%s", fault)
