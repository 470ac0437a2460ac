"""A tiny trained network, and evaluations of it."""

import json
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from safetensors import safe_open

from reid_cosam import evaluate, train
from reid_cosam.paths import CONF
from reid_cosam.settings import EvaluateSettings
from reid_cosam.settings.reading import read_settings
from tests.test_train import small

RERANKING = ("reranking.k1=3", "reranking.k2=2")  # there are 12 tracklets


def train_checkpoint(tree: Path, folder: Path, *overrides: str) -> Path:
    """The last checkpoint of a run on a small copy of MARS; the caller lets its counts pass."""
    train.run(small(tree, "logger=none", *overrides), folder)
    return folder / "checkpoints" / "last.ckpt"


def settings(ckpt: Path, *overrides: str) -> EvaluateSettings:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return read_settings(EvaluateSettings, compose("evaluate", overrides=[f"ckpt={ckpt}", *overrides]))


def run(folder: Path, ckpt: Path, *overrides: str) -> dict[str, Any]:
    """What `metrics.json` holds after an evaluation into `folder`."""
    evaluate.run(settings(ckpt, *overrides), folder)
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return metrics


def stored(folder: Path) -> torch.Tensor:
    with safe_open(folder / "descriptors.safetensors", framework="pt") as file:
        descriptors: torch.Tensor = file.get_tensor("descriptors")
    return descriptors
