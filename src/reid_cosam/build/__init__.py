"""The one place where configuration becomes objects."""

from reid_cosam.build.data import (
    expected_counts,
    make_datamodule,
    make_splits,
    read_splits,
    synthetic_folder,
)
from reid_cosam.build.network import make_backbone, make_network
from reid_cosam.build.settings import read_settings
from reid_cosam.build.training import make_module, make_trainer, precision, runs_on_gpu

__all__ = [
    "expected_counts",
    "make_backbone",
    "make_datamodule",
    "make_module",
    "make_network",
    "make_splits",
    "make_trainer",
    "precision",
    "read_settings",
    "read_splits",
    "runs_on_gpu",
    "synthetic_folder",
]
