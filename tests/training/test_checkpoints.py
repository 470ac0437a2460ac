"""Checkpoints are written between two iterations only, and the best one is that of the highest score."""

from pathlib import Path
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam.training.checkpoints import BestCheckpoint, LastCheckpoint
from reid_cosam.training.finite import Diverged


def training(step: int, within: bool = False, ranks: int = 1) -> Mock:
    """A trainer after so many iterations, or within the next one."""
    progress = Mock(current=Mock(ready=step + within, processed=step))
    loop = Mock(epoch_loop=Mock(batch_progress=progress))
    return Mock(spec=pl.Trainer, global_step=step, max_steps=100, world_size=ranks, fit_loop=loop)


def test_a_checkpoint_is_written_every_so_often_and_after_the_last_iteration(tmp_path: Path) -> None:
    callback, saved = LastCheckpoint(tmp_path, every=40), []
    for step in range(1, 101):
        trainer = training(step)
        callback.on_train_batch_end(trainer)
        saved += [step] * trainer.save_checkpoint.call_count

    assert saved == [40, 80, 100]


@pytest.mark.parametrize(
    ("error", "within", "ranks", "saves"),
    [
        (SIGTERMException(), False, 1, True),
        (SIGTERMException(), False, 2, True),
        (ValueError("a broken frame"), False, 1, True),
        (Diverged("the loss is nan"), False, 1, False),
        (ValueError("a broken frame"), False, 2, False),  # the other ranks know nothing of it
        (RuntimeError("out of memory"), True, 1, False),
        (SystemExit(130), False, 1, False),  # Ctrl-C twice, wherever that came
        (KeyboardInterrupt(), False, 1, False),
    ],
)
def test_what_ends_training_between_two_iterations_leaves_a_checkpoint(
    error: BaseException, within: bool, ranks: int, saves: bool, tmp_path: Path
) -> None:
    callback, trainer = LastCheckpoint(tmp_path, every=40), training(7, within, ranks)

    callback.on_exception(trainer, Mock(spec=pl.LightningModule), error)

    assert trainer.save_checkpoint.called == saves


def test_an_iteration_is_saved_once(tmp_path: Path) -> None:
    callback, trainer = LastCheckpoint(tmp_path, every=7), training(7)
    callback.on_train_batch_end(trainer)

    callback.on_exception(trainer, Mock(spec=pl.LightningModule), SIGTERMException())

    assert trainer.save_checkpoint.call_count == 1


def test_the_best_checkpoint_is_that_of_the_highest_score_also_of_a_resumed_run(tmp_path: Path) -> None:
    module, trainer = Mock(spec=pl.LightningModule), Mock(spec=pl.Trainer)
    trainer.strategy.broadcast = lambda value: value
    first, resumed = BestCheckpoint(tmp_path / "best.ckpt"), BestCheckpoint(tmp_path / "best.ckpt")
    (tmp_path / "best.ckpt").touch()

    saved = []
    for callback, mean_ap in ((first, 0.3), (first, 0.2), (resumed, 0.25), (resumed, 0.4)):
        if callback is resumed:
            resumed.load_state_dict(first.state_dict())
            resumed.on_fit_start(trainer, module)
        trainer.callback_metrics = {"eval/mAP": torch.tensor(mean_ap)}
        callback.on_validation_end(trainer, module)
        saved.append(trainer.save_checkpoint.call_count)

    assert saved == [1, 1, 1, 2]


def test_a_best_score_whose_checkpoint_did_not_come_along_does_not_count(tmp_path: Path) -> None:
    module, trainer = Mock(spec=pl.LightningModule), Mock(spec=pl.Trainer)
    trainer.strategy.broadcast = lambda value: value
    trainer.callback_metrics = {"eval/mAP": torch.tensor(0.2)}
    resumed = BestCheckpoint(tmp_path / "best.ckpt")

    resumed.load_state_dict({"best": 0.9})
    resumed.on_fit_start(trainer, module)
    resumed.on_validation_end(trainer, module)

    assert trainer.save_checkpoint.called
