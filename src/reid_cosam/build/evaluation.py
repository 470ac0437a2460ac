"""What evaluates a network: the network itself from a checkpoint, its test data and a trainer."""

import logging
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import pytorch_lightning as pl
import torch
from jaxtyping import Float32
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor, nn

from reid_cosam.build.data import data_folder, make_splits
from reid_cosam.build.devices import announce_precision, check_gpus, precision, prepare_memory, runs_on_gpu
from reid_cosam.build.network import make_network
from reid_cosam.build.parts import TARGET
from reid_cosam.build.settings import check_settings, without_weights
from reid_cosam.build.trust import check_trust
from reid_cosam.data.datasets import DenseSnippets
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.evaluation.extraction import Extraction, MakeExtractor, extract
from reid_cosam.evaluation.records import TestTracklets
from reid_cosam.metrics.testset import TestSet
from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.descriptors import check_finite
from reid_cosam.settings import (
    AnalyseSettings,
    CheckpointSettings,
    DataSettings,
    DeviceSettings,
    TrainSettings,
    VisualizeSettings,
)
from reid_cosam.training.checkpoint_files import read_checkpoint
from reid_cosam.training.datamodule import SnippetSize, TrackletDataModule
from reid_cosam.training.extractor import Extractor
from reid_cosam.training.progress import PlainProgress, TerminalProgress
from reid_cosam.training.shared_memory import Load, check_shared_memory
from reid_cosam.training.stopping import StopWhenInterrupted
from reid_cosam.visualization.spatial_masks import SpatialMasks

_PREFIX = "network."

_log = logging.getLogger(__name__)


def load_network(path: Path, trust: Collection[str] = ()) -> tuple[TrainSettings, VideoReidNet]:
    """The network of a checkpoint, and the settings that it was trained with.

    Args:
        trust: modules whose code the checkpoint may name, beside this package, torch, torchvision and timm.

    Raises:
        Untrusted: it names other code.
        FileNotFoundError, ValueError: there is no such checkpoint, or it is not one of ours.
    """
    content = read_checkpoint(path)
    check_trust(content["config"], str(path), trust)
    if TARGET not in content["config"].get("backbone", {}):
        raise ValueError(
            f"{path} was written by an earlier version of reid_cosam, which had other settings: use that one "
            "(environment.json of its run names it), or train again"
        )
    try:
        settings = check_settings(content["config"])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    state = {
        name.removeprefix(_PREFIX): value
        for name, value in content.get("state_dict", {}).items()
        if name.startswith(_PREFIX)
    }
    if "classifier.weight" not in state:
        raise ValueError(f"{path} holds no network: it has no entry {_PREFIX}classifier.weight")
    random = settings.model_copy(update={"backbone": without_weights(settings.backbone)})
    network = make_network(random, len(state["classifier.weight"]))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{path} does not hold the network that its settings name: {error}") from error
    return settings, network


def make_shown_splits(settings: CheckpointSettings, data: DataSettings) -> ReidSplits:
    """The splits of `data`; where the checkpoint's own are missing, says how to name their folder."""
    try:
        return make_splits(data)
    except FileNotFoundError as error:
        if isinstance(settings.data, DataSettings):
            raise
        place = "data=csv data.file=FILE" if data.file else "data.root=FOLDER"
        remedy = f"This is where the network was trained; if its data lie elsewhere now, add {place}."
        raise FileNotFoundError(f"{error}\n{remedy}") from None


def make_test_tracklets(
    data: DataSettings,
    trained: DataSettings,
    query: Sequence[Tracklet],
    gallery: Sequence[Tracklet],
    junk: Sequence[Tracklet] = (),
) -> TestTracklets:
    """The test set in `data`, as a network sees it that was trained on `trained`."""
    size = (trained.height, trained.width)
    test_set = TestSet.of(query, gallery, junk)
    return TestTracklets(test_set, (*query, *gallery, *junk), data_folder(data), size)


def make_spatial_masks(
    settings: VisualizeSettings | AnalyseSettings,
    network: VideoReidNet,
    stages: Collection[int] | None = None,
) -> SpatialMasks:
    """What makes the masks that `visualize` draws and `analyse` compares with the person.

    Raises:
        ValueError: there is no such GPU, or the network has no COSAM layer where `stages` ask for one.
    """
    check_gpus(settings.trainer.accelerator)
    is_on_gpu = torch.cuda.is_available() and settings.trainer.accelerator != "cpu"
    try:
        return SpatialMasks(network, stages, torch.device("cuda" if is_on_gpu else "cpu"))
    except ValueError as error:
        raise ValueError(f"{settings.ckpt}: {error}") from None


class Extracting(NamedTuple):
    """How descriptors are extracted.

    Attributes:
        tail: of tracklets, as in `DenseSnippets`.
        network: what messages call the network.
        whole: each tracklet is one clip, whatever its length, and a batch of its own.
    """

    devices: DeviceSettings
    tail: Literal["cycle", "weighted"]
    network: str
    whole: bool = False
    make_extractor: MakeExtractor = Extractor


def extract_descriptors(
    network: VideoReidNet,
    size: SnippetSize,
    tracklets: Sequence[Tracklet],
    data: DataSettings,
    how: Extracting,
    folder: Path,
) -> Float32[Tensor, "*changes n d"]:
    """The descriptors of tracklets of `data`, at the clip length and image size of the network.

    Raises:
        SharedMemoryFull: there is no room for what `data.workers` read ahead.
        ValueError: there is no such GPU, or a descriptor is not finite.
    """
    shape = (size.height, size.width)
    snippets = DenseSnippets(tracklets, None if how.whole else size.num_frames, *shape, tail=how.tail)
    ranks, batch_size = how.devices.devices, 1 if how.whole else data.eval_batch_size
    frames = max(map(len, tracklets)) if how.whole else size.num_frames
    load = Load(-(-len(snippets) // (ranks * batch_size)), batch_size)
    check_shared_memory([load], frames * 3 * size.height * size.width, data.workers, ranks)
    test_data = TrackletDataModule(snippets, batch_size, data.workers)
    _log.info(
        "extracting descriptors of %d tracklets of %s in %d snippets of %s%d frames (%dx%d)",
        *(len(tracklets), data.name, test_data.num_snippets, "up to " if how.whole else "", frames, *shape),
    )
    announce_precision(how.devices, precision(how.devices, lambda: network.backbone))
    trainer = make_test_trainer(how.devices, folder, lambda: network.backbone)
    descriptors = extract(Extraction(network, len(tracklets), how.make_extractor), test_data, trainer)
    check_finite(descriptors.flatten(0, -2), how.network)
    return descriptors


def make_test_trainer(
    settings: DeviceSettings, folder: Path, backbone: Callable[[], nn.Module] = nn.Identity
) -> pl.Trainer:
    """A trainer that only tests; `backbone` as for `precision`."""
    on_gpu = runs_on_gpu(settings)
    check_gpus(settings.accelerator, settings.devices)
    prepare_memory(on_gpu)
    return pl.Trainer(
        default_root_dir=folder,
        accelerator="gpu" if on_gpu else "cpu",
        devices=settings.devices,
        strategy=DDPStrategy() if settings.devices > 1 else "auto",
        precision=precision(settings, backbone),
        # Without it, the snippets of a tracklet would be added on a GPU in an order of chance.
        deterministic="warn" if on_gpu else False,
        use_distributed_sampler=False,
        logger=False,
        callbacks=[
            (TerminalProgress if sys.stdout.isatty() else PlainProgress)(every=1),
            StopWhenInterrupted(),
        ],
        enable_progress_bar=sys.stdout.isatty(),
        enable_model_summary=False,
        enable_checkpointing=False,
    )
