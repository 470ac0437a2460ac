"""SIGTERM: one rank is told, all stop together, and the checkpoint is there."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import SIGTERMException

from reid_cosam.training.stopping import StopWhenTold, ending_as_told


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
        (40, 0, 4, [0, 0]),  # told in the third, heard of after the fourth
        (3, 0, 3, [0, 0]),  # after which there is none
        (40, 8, 2, [2, 2]),  # told in the first batch of an evaluation, heard of after the second
        (40, 1, 2, [3, 1]),  # or after the evaluation, where they have no second one together
    ],
)
def test_all_ranks_stop_after_the_same_iteration(
    iterations: int, evaluated: int, last: int, begun: list[int], tmp_path: Path
) -> None:
    started = ranks(tmp_path, iterations, evaluated)
    try:
        said, told = zip(*(rank.communicate(timeout=120) for rank in started), strict=True)
    finally:
        for rank in started:
            rank.kill()

    assert [rank.returncode for rank in started] == [143, 143], told
    assert [int(text.split()[-1]) for text in said] == begun
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == last


def trainer(told: int) -> Mock:
    stop = StopWhenTold()
    stop.told = told
    return Mock(
        spec=pl.Trainer, callbacks=[stop], world_size=1, global_step=1, max_steps=9, val_check_interval=9
    )


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_validation_batch_end", "on_test_batch_end"])
def test_a_single_process_stops_after_the_batch(hook: str) -> None:
    going_on, stopping = trainer(told=0), trainer(told=15)
    batch = (Mock(spec=pl.LightningModule), None, None, 0)

    getattr(going_on.callbacks[0], hook)(going_on, *batch)
    with pytest.raises(SIGTERMException):
        getattr(stopping.callbacks[0], hook)(stopping, *batch)


@pytest.mark.parametrize(
    ("error", "told", "status"),
    [
        (SIGTERMException(), signal.SIGTERM, 143),
        (SIGTERMException(), signal.SIGINT, 130),
        (SIGTERMException(), 0, 143),  # by Lightning, before training
        (RuntimeError("Connection closed by peer"), signal.SIGTERM, 143),  # by a rank that was told too
    ],
)
def test_a_run_that_is_told_to_end_does_not_fail(error: Exception, told: int, status: int) -> None:
    with pytest.raises(SystemExit) as ended, ending_as_told(trainer(told)):
        raise error

    assert ended.value.code == status


def test_a_second_ctrl_c_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", handlers := Mock())
    stop = StopWhenTold()

    stop._note(signal.SIGINT, None)

    assert stop.told == signal.SIGINT
    handlers.assert_called_once_with(signal.SIGINT, signal.default_int_handler)


def test_what_nobody_told_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="Connection closed"), ending_as_told(trainer(told=0)):
        raise RuntimeError("Connection closed by peer")
