"""The one place where configuration becomes objects."""

from reid_cosam.build.data import (
    attributes_file,
    data_folder,
    expected_counts,
    is_rendered,
    make_datamodule,
    make_splits,
    numbering_gaps,
    read_splits,
    splits_file,
    unknown,
)
from reid_cosam.build.devices import check_compiler, check_gpus, compiles, precision, runs_on_gpu
from reid_cosam.build.evaluation import (
    load_network,
    make_shown_splits,
    make_test_data,
    make_test_trainer,
)
from reid_cosam.build.network import make_backbone, make_network
from reid_cosam.build.settings import check_settings, read_settings, with_checked_parts
from reid_cosam.build.training import make_module, make_origin, make_trainer

__all__ = [
    "attributes_file",
    "check_compiler",
    "check_gpus",
    "check_settings",
    "compiles",
    "data_folder",
    "expected_counts",
    "is_rendered",
    "load_network",
    "make_backbone",
    "make_datamodule",
    "make_module",
    "make_network",
    "make_origin",
    "make_shown_splits",
    "make_splits",
    "make_test_data",
    "make_test_trainer",
    "make_trainer",
    "numbering_gaps",
    "precision",
    "read_settings",
    "read_splits",
    "runs_on_gpu",
    "splits_file",
    "unknown",
    "with_checked_parts",
]
