"""The scores of a finished run, checked against the settings beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reid_cosam.results.store import read_record
from reid_cosam.settings.identity import run_key

METRICS = "metrics.json"
TESTED = ("tested_frames", "camera_input")
"""What scores say of descriptors: the frames they were made of, and whether the network was given cameras."""


def read_metrics(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """The scores in a run's folder, whose settings are `config`.

    Raises:
        FileNotFoundError: the run is not finished.
        ValueError: the file is damaged, or was made with other settings than `config`.
    """
    metrics = read_record(folder / METRICS)
    if "ckpt" in config and metrics.get("ckpt", config["ckpt"]) != config["ckpt"]:
        raise ValueError(f"{METRICS} is of another checkpoint than that in config.yaml")
    made_with = metrics.get("made_with")  # an evaluation and an older run have none
    if made_with is not None and made_with["key"] != run_key(config, made_with["split"]):
        raise ValueError(f"{METRICS} was made with other settings than those in config.yaml")
    return metrics
