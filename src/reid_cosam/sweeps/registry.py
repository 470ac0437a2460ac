"""Runs kept by what they are, so that a sweep may be killed and started again.

A kept run's folder tells its state: `metrics.json` when it is finished, `failure.json` when it failed
(`failures.py`), locks while a process works on it (`run_lock.py`), and `checkpoints/` where it would go on.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from reid_cosam.results.finished_run import METRICS, read_metrics
from reid_cosam.results.store import read_record, write_json
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import run_key
from reid_cosam.training.checkpoint_files import newest_checkpoint
from reid_cosam.training.resuming import Origin

_POINTER = "run.json"
# Beside Hydra's own record and log, which are begun already.
_OUTPUTS = (
    *("checkpoints", "curves", "pictures", "tensorboard", "wandb"),
    *("config.yaml", "environment.json", "pace.json", "queries.csv", "ranked.csv", "cmc.csv", METRICS),
)

_log = logging.getLogger(__name__)


def folder_of(settings: TrainSettings, split: str, job: Path) -> Path:
    """Where a run writes: its job's folder or, with `registry` set, one named after what the run is.

    `split` is the hash of its tracklets: a data set of the same name may hold others. The job's folder then
    says in `run.json` where the run is.
    """
    if settings.registry is None:
        return job
    key = run_key(settings.model_dump(mode="json"), split)
    folder = kept_folder(settings, key)
    write_json(job / _POINTER, {"folder": str(folder), "key": key, "split": split})
    return folder


def kept_folder(settings: TrainSettings, key: str) -> Path:
    """The folder of a run under `settings.registry`."""
    return Path(settings.registry or "").absolute() / f"{settings.run_name}-{key}"


def metrics(folder: Path) -> dict[str, Any] | None:
    """What a finished run found; None where it is not finished. `metrics.json` is the last file of a run.

    A damaged file is named, and stands for a run that is not finished.
    """
    try:
        found = read_record(folder / METRICS)
        _ = float(found["mAP"]), found["protocol"], found["valid_queries"]
        return found
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        what = str(error) if isinstance(error, ValueError) else f"{folder / METRICS} is damaged: no {error}"
        _log.warning("%s: the run counts as not finished", what)
        return None


def check_as_asked(found: Mapping[str, Any], settings: TrainSettings, origin: Origin, folder: Path) -> None:
    """Makes sure that a finished run holds the scores that are asked for: none but these would be repeated.

    Raises:
        ValueError: it was scored under another protocol, without attributes, or on other images.
    """
    data = settings.data
    again = f"python -m reid_cosam.evaluate ckpt={folder / 'checkpoints' / 'last.ckpt'}"
    if found["protocol"] != data.protocol:
        raise ValueError(
            f"{folder} is finished, and scored under protocol {found['protocol']}, not {data.protocol}; "
            f"to score it so: {again} protocol={data.protocol}"
        )
    attributes = found["data"].get("attributes")
    if data.attributes is not None and attributes != data.attributes:
        raise ValueError(
            f"{folder} is finished, and scored with data.attributes={attributes}; to score it with these: "
            f"{again} data.attributes={data.attributes}"
        )
    images = found.get("made_with", {}).get("images", origin.images)
    if images != origin.images:
        raise ValueError(
            f"{folder} is finished, and saw other images of the same names: name another folder with "
            "registry=..., or delete this one to train anew"
        )


def going_on(settings: TrainSettings, folder: Path) -> TrainSettings:
    """The settings of a kept run from its newest checkpoint on, if there is one; else it begins as it says.

    Raises:
        ValueError: all its checkpoints are damaged.
    """
    newest = newest_checkpoint(folder / "checkpoints")
    return settings if newest is None else settings.model_copy(update={"ckpt_path": str(newest)})


def set_aside(folder: Path, same_run: bool) -> Path | None:
    """Keeps what an earlier run left in the folder where nobody takes it for the new run's.

    All of another run's is moved to a folder `before_<number>` in it, where it stays a run with its settings;
    that folder is returned. Of the same run, which goes on, only curves and scores get other names.
    """
    if same_run:
        for name, suffix in (("curves", ""), ("metrics", ".json")):
            path = folder / f"{name}{suffix}"
            if path.exists():
                number = len(list(folder.glob(f"{name}_before_*"))) + 1
                path.rename(folder / f"{name}_before_{number}{suffix}")
        return None
    found = [folder / name for name in _OUTPUTS if (folder / name).exists()]
    if not found:
        return None
    aside = folder / f"before_{len(list(folder.glob('before_*'))) + 1}"
    aside.mkdir()
    for path in found:
        path.rename(aside / path.name)
    return aside


def finished_runs(sweep: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and metrics of every finished job of a sweep, in the jobs' order, wherever runs are kept."""
    for job in jobs(sweep):
        folder = _folder_of_job(job)
        found = metrics(folder)
        if found is None:
            continue
        try:
            if "trained" not in found:  # an evaluation says itself what it is of
                config: Any = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
                read_metrics(folder, config)
        except Exception as error:  # of files, YAML and OmegaConf, which have no base in common
            _log.warning("%s is left out: %s", folder, error)
        else:
            yield folder, found


def _folder_of_job(job: Path) -> Path:
    pointer = job / _POINTER
    try:
        return Path(read_record(pointer)["folder"]) if pointer.is_file() else job
    except (ValueError, KeyError) as error:
        _log.warning("%s is damaged (%s): the run that it points to is left out", pointer, error)
        return job


def jobs(sweep: Path) -> list[Path]:
    """The folders of a sweep's jobs, in the jobs' order."""
    return sorted((path for path in sweep.iterdir() if path.is_dir()), key=_by_number)


def _by_number(path: Path) -> tuple[int, str]:
    return (int(path.name) if path.name.isdigit() else -1, path.name)
