"""Weights & Biases' service killed, stopped or refused, within one process."""

import gc
import pwd
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import wandb
from pytorch_lightning.loggers import WandbLogger

from reid_cosam.training import guarded_wandb
from reid_cosam.training.guarded_wandb import GuardedWandb
from reid_cosam.training.loggers import Outcome
from tests.support.wandb_records import exit_codes, kinds

# W&B does not collect the exit status of a service that was killed.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning")

Said = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def few_seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Also keeps W&B's own settings of who runs the tests away, and ends what a test started."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(guarded_wandb, "_FINISH_SECONDS", 1.0)
    yield
    assert not services()


@pytest.fixture(autouse=True, scope="module")
def no_warning_in_other_tests() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    """Gives what training has said so far, without what W&B notes for itself."""
    return lambda: [one.getMessage() for one in caplog.records if one.name.startswith("reid_cosam")]


def services() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [one for one in children if one.name() == "wandb-core" and one.status() != psutil.STATUS_ZOMBIE]


def make(folder: Path, mode: str = "offline") -> GuardedWandb:
    folder.mkdir(exist_ok=True)
    return GuardedWandb(folder, mode == "offline", "tests", [], name="a-run")


def log(guarded: GuardedWandb, lines: int = 2) -> None:
    for step in range(lines):
        guarded.log_metrics({"loss": 0.5}, step)


@pytest.mark.parametrize(
    ("outcome", "code", "preempted"), [("finished", 0, False), ("failed", 1, False), ("interrupted", 1, True)]
)
def test_a_run_is_recorded_with_how_it_ended(
    outcome: Outcome, code: int, preempted: bool, tmp_path: Path
) -> None:
    guarded = make(tmp_path)
    log(guarded)

    guarded.finish(outcome)

    assert exit_codes(tmp_path) == [code]
    assert kinds(tmp_path).count("history") == 2
    assert ("preempting" in kinds(tmp_path)) == preempted
    assert not services()


@pytest.mark.parametrize("disturb", [psutil.Process.kill, psutil.Process.suspend])
def test_the_run_after_one_whose_service_failed_is_recorded_whole(
    disturb: Callable[[psutil.Process], None], tmp_path: Path, said: Said
) -> None:
    first, second = make(tmp_path / "first"), make(tmp_path / "second")
    log(first)
    (service,) = services()
    disturb(service)
    log(first)
    first.finish("finished")

    log(second)
    print("a line of the second run")
    second.finish("finished")

    assert len(said()) == 1
    (record,) = (tmp_path / "first").glob("wandb/offline-run-*")
    assert said()[0].endswith(f"wandb sync {record}")
    assert exit_codes(tmp_path / "second") == [0]
    assert kinds(tmp_path / "second").count("history") == 2


def test_a_service_that_takes_no_more_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "60")
    monkeypatch.setattr(guarded_wandb, "_ANSWER_SECONDS", 0.5)
    guarded = make(tmp_path)
    log(guarded)
    services()[0].suspend()

    while not said():  # until nothing more fits into the connection
        log(guarded, 1000)

    assert "no answer within 0.5 s" in said()[0]


@pytest.mark.parametrize("while_it", ["starts", "ends"])
def test_a_signal_while_the_service_does_not_answer_leaves_none_to_wait_for(
    while_it: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        monkeypatch.undo()
        while not (found := services()):
            time.sleep(0.01)
        found[0].suspend()
        raise KeyboardInterrupt

    guarded = make(tmp_path)
    if while_it == "ends":
        log(guarded)
        services()[0].suspend()  # now, as it may have ended before the interruption
    monkeypatch.setattr(guarded_wandb, "_result", interrupt)

    with pytest.raises(KeyboardInterrupt):
        guarded.finish("interrupted") if while_it == "ends" else log(guarded)

    assert not services()


def test_what_the_server_refuses_is_recorded_offline(tmp_path: Path, said: Said) -> None:
    guarded = make(tmp_path, mode="online")  # and nobody is logged in

    log(guarded)
    guarded.finish("finished")

    (message,) = said()
    (record,) = tmp_path.glob("wandb/offline-run-*")
    assert "No API key configured" in message
    assert message.endswith(f"wandb sync {record}")
    assert exit_codes(tmp_path) == [0]


def test_a_run_that_does_not_even_start_offline_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "wandb"))

    monkeypatch.setattr(wandb, "init", refuse)
    guarded = make(tmp_path)

    log(guarded)
    guarded.finish("finished")

    (message,) = said()
    assert str(tmp_path / "wandb") in message


def test_an_exit_within_weights_and_biases_is_not_one_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    def leave(**_: object) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(wandb, "init", leave)

    log(make(tmp_path))

    assert len(said()) == 1


def test_no_home_directory_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    guarded = make(tmp_path)

    log(guarded)
    guarded.finish("finished")

    (message,) = said()
    assert "HOME" in message
    assert str(tmp_path / "wandb") in message
    assert exit_codes(tmp_path) == [0]


def test_lightning_sees_the_logger_that_is_guarded(tmp_path: Path) -> None:
    guarded = make(tmp_path)

    assert isinstance(guarded.logger, WandbLogger)
    assert guarded.name == "tests"
