"""The data module in the trainer's hands."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_cosam.data.datasets import ClipBatch, SnippetBatch
from reid_cosam.training.datamodule import ReidDataModule
from tests.support.noisy_frames import HEIGHT, NUM_BATCHES, WIDTH, make_datamodule, write_splits

STOP = 5


@pytest.fixture
def make(tmp_path: Path) -> Callable[[int], ReidDataModule]:
    return partial(make_datamodule, write_splits(tmp_path))


class Recorder(pl.LightningModule):
    """Trains one weight on whatever it sees, and remembers that."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(HEIGHT, WIDTH, dtype=torch.float64))
        self.seen: dict[int, ClipBatch] = {}
        self.evaluated: list[SnippetBatch] = []
        self.fails_at = fails_at

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1e-4)

    def training_step(self, batch: ClipBatch, batch_idx: int) -> Tensor:
        if batch_idx == self.fails_at:
            raise RuntimeError("power cut")
        self.seen[batch_idx] = batch
        return (batch.clips.double() * self.weight).mean().square() * (1 + batch.labels.sum())

    def validation_step(self, batch: SnippetBatch, _batch_idx: int) -> None:
        self.evaluated.append(batch)


def _trainer(
    folder: Path, *callbacks: pl.Callback, max_steps: int = NUM_BATCHES, limit_val_batches: float = 0
) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        callbacks=list(callbacks),
        default_root_dir=folder,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        limit_val_batches=limit_val_batches,
        logger=False,
        max_steps=max_steps,
        use_distributed_sampler=False,
    )


class Saver(pl.Callback):
    """Saves after the batch before `STOP` (while the loop still counts it) or when training breaks off."""

    def __init__(self, path: Path, moment: str) -> None:
        self.path, self.moment = path, moment

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if self.moment == "on the way" and trainer.global_step == STOP:
            trainer.save_checkpoint(self.path)

    def on_exception(self, trainer: pl.Trainer, *_: object) -> None:
        trainer.save_checkpoint(self.path)


def _stop_after_fit(path: Path, module: ReidDataModule) -> None:
    trainer = _trainer(path.parent, max_steps=STOP)
    trainer.fit(Recorder(), module)
    trainer.save_checkpoint(path)


def _save_on_the_way(path: Path, module: ReidDataModule) -> None:
    _trainer(path.parent, Saver(path, "on the way")).fit(Recorder(), module)


def _break_off_within_a_step(path: Path, module: ReidDataModule) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        _trainer(path.parent, Saver(path, "on failure")).fit(Recorder(fails_at=STOP), module)


@pytest.mark.parametrize("interrupt", [_stop_after_fit, _save_on_the_way, _break_off_within_a_step])
def test_a_resumed_training_sees_the_rest_of_the_same_batches(
    make: Callable[[int], ReidDataModule], tmp_path: Path, interrupt: Callable[[Path, ReidDataModule], None]
) -> None:
    whole, resumed = Recorder(), Recorder()
    _trainer(tmp_path).fit(whole, make(0))
    checkpoint = tmp_path / "stopped.ckpt"
    interrupt(checkpoint, make(0))

    _trainer(tmp_path).fit(resumed, make(0), ckpt_path=checkpoint, weights_only=True)

    assert list(whole.seen) == list(range(NUM_BATCHES))
    assert list(resumed.seen) == list(range(STOP, NUM_BATCHES))
    for number, batch in resumed.seen.items():
        for ours, theirs in zip(batch, whole.seen[number], strict=True):
            assert torch.equal(ours, theirs)
    assert torch.equal(resumed.weight, whole.weight)


def test_the_trainer_hands_evaluation_batches_over(
    make: Callable[[int], ReidDataModule], tmp_path: Path
) -> None:
    recorder = Recorder()

    _trainer(tmp_path, limit_val_batches=1.0).validate(recorder, make(0), verbose=False)

    assert [batch.tracklets.tolist() for batch in recorder.evaluated] == [[0, 0, 1], [2, 3, 3], [3, 4, 4]]
