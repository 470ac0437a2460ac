"""One rank of `test_stopping.py`: trains until rank 1 is interrupted."""

import os
import signal
import sys
from pathlib import Path

import pytorch_lightning as pl
import torch.distributed as dist
from pytorch_lightning.demos.boring_classes import BoringModel

from reid_cosam.training.checkpoint_files import WholeCheckpointIO
from reid_cosam.training.checkpoints import LastCheckpoint
from reid_cosam.training.stopping import StopWhenInterrupted, interruptible

ASKED = 3  # exit status where Lightning asks rank 0 in an iteration


class Interrupt(pl.Callback):
    """Interrupts rank 1 alone: in the middle of the third iteration, or of an evaluation before."""

    evaluated = 0

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        dist.broadcast = lambda *_, **__: os._exit(ASKED)
        if trainer.global_rank == 1 and trainer.global_step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    def on_validation_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        self.evaluated += 1
        if trainer.global_rank == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def main(folder: Path, iterations: int, evaluated: int) -> None:
    """`evaluated` batches are evaluated after every other iteration, by rank 0 two more.

    Says on how many a rank began.
    """
    interrupt, more = Interrupt(), 2 * (os.environ["RANK"] == "0")
    checkpoint = LastCheckpoint(folder, every=1000)
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        max_steps=iterations,
        limit_val_batches=evaluated and evaluated + more,
        val_check_interval=2,
        num_sanity_val_steps=0,
        plugins=[WholeCheckpointIO()],
        callbacks=[interrupt, StopWhenInterrupted(), checkpoint],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    try:
        with interruptible(trainer, "after this batch"):
            trainer.fit(BoringModel())
    finally:
        print(interrupt.evaluated)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
