"""The one place where configuration becomes objects."""

from reid_cosam.build.data import (
    data_folder,
    data_record,
    is_own,
    is_rendered,
    make_attributes,
    make_reader,
    make_splits,
    people_of_training,
    people_trained_on,
    read_existing_splits,
    read_splits,
    splits_file,
)
from reid_cosam.build.datamodule import make_datamodule
from reid_cosam.build.devices import (
    announce_precision,
    check_compiler,
    check_gpus,
    compiles,
    precision,
    runs_on_gpu,
)
from reid_cosam.build.evaluation import (
    Extracting,
    extract_descriptors,
    load_network,
    make_shown_splits,
    make_spatial_masks,
    make_test_tracklets,
    make_test_trainer,
)
from reid_cosam.build.loggers import logged_settings, make_loggers
from reid_cosam.build.network import checked_clip_length, make_backbone, make_network
from reid_cosam.build.scoring import (
    check_scoring,
    default_protocols,
    evaluation_record,
    extraction_origin,
    make_further_scoring,
    make_scoring,
    make_store,
    matrix_record,
)
from reid_cosam.build.settings import check_settings, read_settings, with_checked_parts
from reid_cosam.build.sharing import load_shared, origin_of
from reid_cosam.build.training import finished_run, make_module, make_origin, make_trainer
from reid_cosam.build.trust import modules_of

__all__ = [
    "Extracting",
    "announce_precision",
    "check_compiler",
    "check_gpus",
    "check_scoring",
    "check_settings",
    "checked_clip_length",
    "compiles",
    "data_folder",
    "data_record",
    "default_protocols",
    "evaluation_record",
    "extract_descriptors",
    "extraction_origin",
    "finished_run",
    "is_own",
    "is_rendered",
    "load_network",
    "load_shared",
    "logged_settings",
    "make_attributes",
    "make_backbone",
    "make_datamodule",
    "make_further_scoring",
    "make_loggers",
    "make_module",
    "make_network",
    "make_origin",
    "make_reader",
    "make_scoring",
    "make_shown_splits",
    "make_spatial_masks",
    "make_splits",
    "make_store",
    "make_test_tracklets",
    "make_test_trainer",
    "make_trainer",
    "matrix_record",
    "modules_of",
    "origin_of",
    "people_of_training",
    "people_trained_on",
    "precision",
    "read_existing_splits",
    "read_settings",
    "read_splits",
    "runs_on_gpu",
    "splits_file",
    "with_checked_parts",
]
