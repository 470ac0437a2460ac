"""Weights & Biases killed, stopped or out of reach: the run goes on, ends in time, and says what to do."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.commands import SMALL_RUN, TWO_RANKS, Started, finished, metrics, started
from tests.support.wandb_records import exit_codes, kinds

RUN = (*SMALL_RUN, "logger=wandb", "trainer.max_steps=60")
ENDLESS = (*SMALL_RUN, "logger=wandb", "trainer.max_steps=100000")


def service(command: Started) -> psutil.Process:
    children = psutil.Process(command.process.pid).children(recursive=True)
    (found,) = (one for one in children if one.name() == "wandb-core")
    return found


def lines(command: Started) -> list[str]:
    """What training says of Weights & Biases."""
    return [line for line in (command.output + command.errors).splitlines() if line.startswith("W&B")]


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one", "two"])
def test_a_killed_service_ends_its_record_and_not_the_run(
    ranks: tuple[str, ...], walkers: Path, tmp_path: Path
) -> None:
    with started("train", tmp_path, *RUN, *ranks, f"data.root={walkers}") as run:
        run.until(lambda: "history" in kinds(tmp_path))
        service(run).kill()
        status = run.end()

    assert status == 0, run.errors
    assert metrics(tmp_path)["step"] == 60
    assert len(list(tmp_path.rglob("pictures/*.png"))) == 3
    (line,) = lines(run)
    (record,) = tmp_path.rglob("offline-run-*")
    assert line.endswith(f"wandb sync {record}")


@pytest.mark.slow
def test_a_stopped_service_does_not_keep_the_process(walkers: Path, tmp_path: Path) -> None:
    soon = {"WANDB_FINISH_TIMEOUT": "3"}
    with started("train", tmp_path, *RUN, f"data.root={walkers}", env=soon) as run:
        run.until("iteration 3/60")
        service(run).suspend()
        status = run.end()

    assert status == 0, run.errors
    assert metrics(tmp_path)["step"] == 60
    (line,) = lines(run)
    assert "no answer within 3 s" in line


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.slow
def test_a_registered_run_whose_server_does_not_answer_is_recorded_offline_and_finished(
    silent_server: str, walkers: Path, tmp_path: Path
) -> None:
    account = {"WANDB_BASE_URL": silent_server, "WANDB_API_KEY": "0123456789" * 4}  # of a form W&B accepts
    online = (*RUN, "logger.mode=online", "trainer.max_steps=2", f"registry={tmp_path / 'kept'}")

    run = finished(
        "train", tmp_path, *online, f"data.root={walkers}", env={**account, "WANDB_INIT_TIMEOUT": "4"}
    )

    assert run.end() == 0, run.errors
    assert metrics(tmp_path / "kept")["step"] == 2
    assert not list(tmp_path.rglob("failure.json"))
    (line,) = lines(run)
    (record,) = tmp_path.rglob("offline-run-*")
    assert "no answer within 4 s" in line
    assert line.endswith(f"wandb sync {record}")
    assert exit_codes(record) == [0]


@pytest.mark.slow
def test_a_run_that_is_told_to_stop_is_marked_as_preempted(walkers: Path, tmp_path: Path) -> None:
    with started("train", tmp_path, *ENDLESS, f"data.root={walkers}") as run:
        run.until("iteration 3/")
        run.send(signal.SIGTERM)
        status = run.end()

    assert status == 128 + signal.SIGTERM
    assert "preempting" in kinds(tmp_path)
    assert exit_codes(tmp_path) == [1]
