"""SIGTERM: one rank is interrupted, all stop together, and the checkpoint is there."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam import interruption
from reid_cosam.training.stopping import StopWhenInterrupted, interruptible


def ranks(folder: Path, iterations: int, evaluated: int) -> list[subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    numbers = [str(iterations), str(evaluated)]
    command = [sys.executable, "-m", "tests.training.stopping_worker", str(folder), *numbers]
    common = os.environ | address | {"WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    places = ({"RANK": number, "LOCAL_RANK": number} for number in "01")
    return [
        subprocess.Popen(
            command, env=common | place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for place in places
    ]


@pytest.mark.parametrize(
    ("iterations", "evaluated", "last", "begun"),
    [
        (40, 0, 4, [0, 0]),  # interrupted in the third, exchanged after the fourth
        (3, 0, 3, [0, 0]),  # after which there is none
        (40, 8, 2, [2, 2]),  # interrupted in the first batch of an evaluation, exchanged after the second
        (40, 1, 2, [3, 1]),  # or after the evaluation, where they have no second one together
    ],
)
def test_all_ranks_stop_after_the_same_iteration(
    iterations: int, evaluated: int, last: int, begun: list[int], tmp_path: Path
) -> None:
    started = ranks(tmp_path, iterations, evaluated)
    try:
        output, errors = zip(*(rank.communicate(timeout=120) for rank in started), strict=True)
    finally:
        for rank in started:
            rank.kill()

    assert [rank.returncode for rank in started] == [143, 143], errors
    assert [int(text.split()[-1]) for text in output] == begun
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == last


def trainer() -> Mock:
    stop = StopWhenInterrupted()
    return Mock(
        spec=pl.Trainer,
        _signal_connector=Mock(),
        callbacks=[stop],
        world_size=1,
        global_step=1,
        max_steps=9,
        val_check_interval=9,
    )


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_validation_batch_end", "on_test_batch_end"])
def test_a_single_process_stops_after_the_batch(hook: str) -> None:
    training = trainer()
    end_of_batch = partial(
        getattr(training.callbacks[0], hook), training, Mock(spec=pl.LightningModule), None, None, 0
    )

    with suppress(interruption.Interrupted), interruption.finishing("after this batch"):
        end_of_batch()
        interruption.record(signal.SIGTERM)
        with pytest.raises(SIGTERMException):
            end_of_batch()


@pytest.mark.parametrize(
    ("error", "received", "status"),
    [
        (SIGTERMException(), signal.SIGTERM, 143),
        (SIGTERMException(), signal.SIGINT, 130),
        (SIGTERMException(), 0, 143),  # by Lightning
        (RuntimeError("Connection closed by peer"), signal.SIGHUP, 129),  # by a rank that was interrupted too
    ],
)
def test_an_interrupted_run_does_not_fail(error: Exception, received: int, status: int) -> None:
    with pytest.raises(interruption.Interrupted) as ended, interruptible(trainer(), "after this batch"):  # noqa: PT012
        interruption.record(received)
        raise error

    assert ended.value.code == status


def test_a_signal_after_the_last_iteration_ends_the_run_too() -> None:
    with pytest.raises(interruption.Interrupted), interruptible(trainer(), "after this batch"):
        interruption.record(signal.SIGTERM)


def test_an_error_without_a_signal_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="Connection closed"), interruptible(trainer(), "after this batch"):
        raise RuntimeError("Connection closed by peer")
