"""What trains a network: the module and its trainer."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, LambdaCallback
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import DDPStrategy
from torch import nn

from reid_cosam.build.data import data_folder, data_record
from reid_cosam.build.devices import check_gpus, compiles, precision, prepare_memory, runs_on_gpu
from reid_cosam.build.network import make_backbone, make_network, make_torch_module
from reid_cosam.build.parts import make, part_error
from reid_cosam.build.settings import without_weights
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.verification import image_hash, split_hash
from reid_cosam.evaluation.records import TestTracklets, tested_frames
from reid_cosam.evaluation.run_outputs import FinishedRun
from reid_cosam.metrics.scoring import ScoringConfig
from reid_cosam.metrics.testset import TestSet
from reid_cosam.settings import TrainerSettings, TrainSettings
from reid_cosam.training.checkpoint_files import BEST, WholeCheckpointIO
from reid_cosam.training.checkpoints import BestCheckpoint, LastCheckpoint
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.finite import FiniteCheck
from reid_cosam.training.lightning_module import Augmentation, ReidModule
from reid_cosam.training.origin import Origin
from reid_cosam.training.pace import PaceRecord
from reid_cosam.training.progress import PlainProgress, TerminalProgress
from reid_cosam.training.stopping import StopWhenInterrupted
from reid_cosam.visualization.spatial_masks import Snippets, SpatialMasks


def make_module(settings: TrainSettings, datamodule: ReidDataModule, is_resumed: bool = False) -> ReidModule:
    """The network with its loss, augmentation, optimiser and schedule.

    One that is resumed gets its weights from a checkpoint, and reads or fetches no others.

    Raises:
        ValueError, OSError: a part cannot be made; the message names its setting.
    """
    recipe = settings.recipe
    backbone = without_weights(settings.backbone) if is_resumed else settings.backbone
    network = make_network(settings.model_copy(update={"backbone": backbone}), datamodule.num_identities)
    if compiles(settings.trainer):
        network.compile()  # in place: the names in checkpoints stay
    num_queries = datamodule.num_queries
    sizes = {"num_identities": datamodule.num_identities, "descriptor_size": network.descriptor_size}
    return ReidModule(
        network,
        make_torch_module("recipe.loss", recipe.loss, **sizes),
        _make_augmentation(recipe.augmentation),
        lambda params: make("recipe.optimiser", recipe.optimiser, params=params),
        lambda optimizer, max_steps: make(
            "recipe.schedule", recipe.schedule, optimizer=optimizer, max_steps=max_steps
        ),
        TestSet.of(datamodule.evaluated[:num_queries], datamodule.evaluated[num_queries:]),
        ScoringConfig((settings.data.protocol,), recipe.distance),
        seed=settings.seed,
        config=settings.model_dump(mode="json"),
        ema=recipe.ema,
    )


def _make_augmentation(part: Mapping[str, Any]) -> Augmentation:
    augmentation = make("recipe.augmentation", part)
    if not isinstance(augmentation, Augmentation):
        reason = f"makes a {type(augmentation).__name__}, which lacks the methods draw and apply"
        raise part_error("recipe.augmentation", part, reason)
    return augmentation


def make_origin(settings: TrainSettings, splits: ReidSplits) -> Origin:
    """What the numbers of a run depend on beside its settings."""
    trainer = settings.trainer
    return Origin(
        split=split_hash(splits, data_folder(settings.data)),
        images=image_hash(splits),
        processes=trainer.devices * trainer.num_nodes,
        accelerator="gpu" if runs_on_gpu(trainer) else "cpu",
        precision=precision(trainer, lambda: _random_backbone(settings)),
        compiled=compiles(trainer),
    )


def _random_backbone(settings: TrainSettings) -> nn.Module:
    """The one that `make_module` will make, but for its weights, without use of the seeded random numbers."""
    random = settings.model_copy(update={"backbone": without_weights(settings.backbone)})
    try:
        with torch.random.fork_rng(devices=[]):
            return make_backbone(random)
    except (ValueError, OSError):
        return nn.Identity()  # making the network will raise this again, and the run's folder will record it


def finished_run(
    settings: TrainSettings,
    module: ReidModule,
    test: TestTracklets,
    further: ScoringConfig,
    made_with: Mapping[str, object],
) -> FinishedRun:
    """What the files of a run are made of. The module must have been validated.

    `made_with` holds the run's key, and what else its numbers depend on.
    """
    assert module.validation is not None
    descriptors = module.validation.descriptors.to(module.device)
    return FinishedRun(
        settings.run_name,
        test,
        module.validation._replace(descriptors=descriptors),
        further,
        SpatialMasks(module.tested, None, module.device) if module.tested.masked_stages else None,
        Snippets(test.queries, settings.num_frames, test.size, test.root),
        settings.data.eval_batch_size,
        {
            "data": data_record(settings.data),
            "tested_frames": tested_frames(settings.num_frames, "cycle", settings.num_frames),
            "camera_input": False,
            "made_with": made_with,
        },
    )


def make_trainer(
    settings: TrainerSettings, folder: Path, loggers: list[Logger], origin: Origin | None = None
) -> pl.Trainer:
    """A trainer that counts iterations, evaluates every `eval_every`, and keeps last and best checkpoints.

    Checkpoints hold `origin`; without it they cannot be resumed from, and the precision `auto` is that of a
    network without depthwise convolutions.
    """
    on_gpu = runs_on_gpu(settings)
    check_gpus(settings.accelerator, settings.devices)
    prepare_memory(on_gpu)
    distributed = settings.devices * settings.num_nodes > 1
    computed_in: Any = precision(settings) if origin is None else origin.precision
    return pl.Trainer(
        default_root_dir=folder,
        accelerator="gpu" if on_gpu else "cpu",
        devices=settings.devices,
        num_nodes=settings.num_nodes,
        # Ranks have unequal numbers of evaluation batches, so no batch may wait for the other ranks.
        strategy=DDPStrategy(broadcast_buffers=False) if distributed else "auto",
        sync_batchnorm=distributed and on_gpu,
        precision=computed_in,
        # CPU kernels repeat themselves without it; with it, bfloat16 convolutions are 20 times slower.
        deterministic=settings.deterministic if on_gpu else False,
        # Trying kernels may choose others the next time, and so other numbers.
        benchmark=on_gpu and not settings.deterministic,
        max_steps=settings.max_steps,
        val_check_interval=min(settings.eval_every, settings.max_steps),
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=min(settings.log_every, settings.max_steps),
        use_distributed_sampler=False,
        plugins=[WholeCheckpointIO()],
        logger=loggers,
        callbacks=_callbacks(settings, folder, origin),
        enable_progress_bar=sys.stdout.isatty(),
        enable_model_summary=False,
    )


def _callbacks(settings: TrainerSettings, folder: Path, origin: Origin | None) -> list[Callback]:
    kept = folder / "checkpoints"
    recorded = {} if origin is None else origin._asdict()
    return [
        LastCheckpoint(kept, settings.checkpoint_every),
        BestCheckpoint(kept / BEST),
        LambdaCallback(on_save_checkpoint=lambda _trainer, _module, content: content.update(recorded)),
        PaceRecord(folder),
        FiniteCheck(),
        StopWhenInterrupted(),
        (TerminalProgress if sys.stdout.isatty() else PlainProgress)(settings.log_every),
    ]
