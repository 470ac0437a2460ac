"""When checkpoints are written: between two iterations, never within one."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam.training.checkpoint_files import LAST, PREVIOUS
from reid_cosam.training.finite import Diverged
from reid_cosam.training.origin import Origin


class LastCheckpoint(Checkpoint):
    """Keeps `last.ckpt`, and the one before it as `previous.ckpt`.

    Written every so many iterations, after the last one, and when training is interrupted or ends in an error
    between two iterations: an error within one (no memory, a loss that is not finite) leaves weights and
    statistics of which some are already those of the next. Where several ranks write together, the exception
    must have come to all of them, as `StopWhenInterrupted` sees to: a rank whose frame is broken would wait
    for the others, and they for its descriptors.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self._folder, self._every = folder, every
        self._saved = 0  # the iteration of the newest checkpoint

    def save(self, trainer: pl.Trainer) -> None:
        """Writes it now; to be called between two iterations, on all ranks together."""
        trainer.save_checkpoint(self._folder / LAST, storage_options={"previous": self._folder / PREVIOUS})
        self._saved = trainer.global_step

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._saved = trainer.global_step

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step % self._every == 0 or trainer.global_step >= trainer.max_steps:
            self.save(trainer)

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        exception: BaseException,
    ) -> None:
        interrupted = isinstance(exception, SIGTERMException)
        error = isinstance(exception, Exception) and not isinstance(exception, Diverged)
        together = interrupted or (trainer.world_size == 1 and error)
        if together and _is_between_iterations(trainer) and trainer.global_step > self._saved:
            self.save(trainer)


def _is_between_iterations(trainer: pl.Trainer) -> bool:
    batches: Any = trainer.fit_loop.epoch_loop.batch_progress.current
    return bool(batches.ready == batches.processed)


class BestCheckpoint(pl.Callback):
    """Keeps the checkpoint of the evaluation with the highest mAP, that after the last iteration included.

    Lightning's own callback does not look at an evaluation that follows the training.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._best = -1.0

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """A resumed run goes on with the best score so far, if that checkpoint came along."""
        known = self._best if self._path.is_file() else -1.0
        self._best = trainer.strategy.broadcast(known)  # the folder may be on the first machine only

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        mean_ap = float(trainer.callback_metrics["eval/mAP"])
        if mean_ap > self._best:
            self._best = mean_ap
            trainer.save_checkpoint(self._path)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._best = state_dict["best"]


class OriginRecord(pl.Callback):
    """Writes into every checkpoint what its numbers depend on beside the settings, if that is known."""

    def __init__(self, origin: Origin | None) -> None:
        self._origin = origin

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,  # noqa: ARG002, of the interface
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        if self._origin is not None:
            checkpoint.update(self._origin._asdict())
