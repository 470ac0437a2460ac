"""One run of Lightning's trainer, and its record in the loggers."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl

from reid_cosam.training.checkpoints import LastCheckpoint
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule
from reid_cosam.training.loggers import GuardedLogger, Outcome

# What Lightning and torch warn of without a reason for the reader to act.
_HARMLESS = (
    ".*does not have many workers",  # few by choice
    "Be aware that when using `ckpt_path`",  # checkpoint_every may change on resuming
    "The dirpath has changed",  # a resumed run has a folder of its own
    "Checkpoint directory .* exists and is not empty",  # a run in the registry resumes in its own
    "It is recommended to use .*sync_dist",  # every rank computes the same scores
    ".*LeafSpec|.*broadcast_buffers|.*functional.all_gather is deprecated",  # of one library about the other
    "Grad strides do not match",  # 1x1 convolutions, whose layouts are alike
)


def fit(trainer: pl.Trainer, module: ReidModule, datamodule: ReidDataModule, ckpt_path: str | None) -> None:
    """Trains, from the checkpoint if there is one, and evaluates the last weights."""
    last = next(one for one in trainer.checkpoint_callbacks if isinstance(one, LastCheckpoint))
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        trainer.fit(module, datamodule=datamodule, ckpt_path=ckpt_path, weights_only=True)
        last.save(trainer)  # once more: the last evaluation may have found the best score
        if module.validation is None or module.validation.step != trainer.global_step:
            trainer.validate(module, datamodule=datamodule, verbose=False)


@contextmanager
def recorded(loggers: Sequence[GuardedLogger], settings: Mapping[str, Any]) -> Iterator[None]:
    """Within, the run is recorded by the loggers, which learn at the end what came of it."""
    outcome: Outcome = "failed"
    try:
        for logger in loggers:
            logger.log_hyperparams(dict(settings))
        yield
        outcome = "finished"
    except (SystemExit, KeyboardInterrupt):
        outcome = "interrupted"
        raise
    finally:
        for logger in loggers:  # else the next run of a sweep would go on writing into the records
            logger.finish(outcome)
