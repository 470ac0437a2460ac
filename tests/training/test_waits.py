"""What would make the host wait for a GPU, seen on a CPU: a number read out of a tensor."""

import logging
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger
from torch.utils._python_dispatch import TorchDispatchMode

from reid_cosam import build
from reid_cosam.training.progress import PlainProgress, TerminalProgress
from tests.support.training_steps import RepeatedBatch, module_without_data, noise_batch, step_settings


class Reads(TorchDispatchMode):
    """Attributes: `places`, file and line of ours and Lightning's, where a number was read."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.places: list[str] = []

    def __torch_dispatch__(
        self, function: Callable[..., Any], types: object, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if function is torch.ops.aten._local_scalar_dense.default:
            stack = traceback.extract_stack()
            asking = [one for one in stack if "reid_cosam" in one.filename or "lightning" in one.filename]
            self.places.append(f"{Path(asking[-1].filename).name}:{asking[-1].name}")
        return function(*args, **(kwargs or {}))


class _Watching(pl.Callback):
    """From the beginning of the fifth iteration to the beginning of the eighth."""

    def __init__(self, reads: Reads) -> None:
        self._reads, self._watching = reads, ExitStack()

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step == 4:
            self._watching.enter_context(self._reads)
        if trainer.global_step == 7:
            self._watching.close()


@pytest.mark.parametrize("progress", [PlainProgress, TerminalProgress])
def test_training_reads_numbers_of_the_iterations_that_are_logged_only(
    progress: type[PlainProgress | TerminalProgress], tmp_path: Path
) -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    more = ("trainer=cpu", "trainer.precision=32-true", "trainer.max_steps=8", "trainer.log_every=4")
    chosen = step_settings("se_resnet_tiny", 4, 2, *more)
    reads = Reads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = build.make_trainer(chosen.trainer, tmp_path, [CSVLogger(tmp_path)])
        callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
        others = [one for one in callbacks if not isinstance(one, (PlainProgress, TerminalProgress))]
        trainer.callbacks[:] = [_Watching(reads), *others, progress(4)]  # type: ignore[attr-defined]
        trainer.limit_val_batches = 0

        trainer.fit(module_without_data(chosen), datamodule=RepeatedBatch(noise_batch(4, 2), 8))

    # It looks at its labels, on a CPU only.
    assert reads.places == ["triplet.py:batch_hard_triplet_loss"] * 3
