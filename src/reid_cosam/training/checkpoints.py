"""When checkpoints are written: between two iterations, never within one."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam.training.checkpoint_files import LAST, PREVIOUS
from reid_cosam.training.finite import Diverged


class LastCheckpoint(Checkpoint):
    """Keeps `last.ckpt`, and the one before it as `previous.ckpt`.

    Written every so many iterations, after the last one, and when training is interrupted or ends in an error
    between two iterations. After an error within one (out of memory, a loss that is not finite) some weights
    and statistics may already be those of the next. Several ranks save together only after an exception that
    all of them raised, as `StopWhenInterrupted` ensures: otherwise they would wait for one another.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self._folder, self._every = folder, every
        self._saved = 0  # the iteration of the newest checkpoint

    def save(self, trainer: pl.Trainer) -> None:
        """Writes it now; to be called between two iterations, on all ranks together."""
        trainer.save_checkpoint(self._folder / LAST, storage_options={"previous": self._folder / PREVIOUS})
        self._saved = trainer.global_step

    def on_train_start(self, trainer: pl.Trainer, *_: object) -> None:
        self._saved = trainer.global_step

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step % self._every == 0 or trainer.global_step >= trainer.max_steps:
            self.save(trainer)

    def on_exception(self, trainer: pl.Trainer, _module: object, exception: BaseException) -> None:
        interrupted = isinstance(exception, SIGTERMException)
        error = isinstance(exception, Exception) and not isinstance(exception, Diverged)
        together = interrupted or (trainer.world_size == 1 and error)
        batches: Any = trainer.fit_loop.epoch_loop.batch_progress.current
        between_iterations = batches.ready == batches.processed
        if together and between_iterations and trainer.global_step > self._saved:
            self.save(trainer)


class BestCheckpoint(pl.Callback):
    """Keeps the checkpoint of the evaluation with the highest mAP, that after the last iteration included.

    Lightning's own callback ignores an evaluation that follows the training.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._best = -1.0

    def on_fit_start(self, trainer: pl.Trainer, *_: object) -> None:
        """A resumed run continues with the best score so far, if that checkpoint was copied."""
        known = self._best if self._path.is_file() else -1.0
        self._best = trainer.strategy.broadcast(known)  # the folder may be on the first machine only

    def on_validation_end(self, trainer: pl.Trainer, *_: object) -> None:
        mean_ap = float(trainer.callback_metrics["eval/mAP"])
        if mean_ap > self._best:
            self._best = mean_ap
            trainer.save_checkpoint(self._path)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._best = state_dict["best"]
