"""Who works on a registered run, from which checkpoint, and whether a failed one is tried again."""

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from reid_cosam.data.frames import BrokenFrame
from reid_cosam.results.store import write_record
from reid_cosam.settings import TrainSettings
from reid_cosam.sweeps import run_lock
from reid_cosam.sweeps.attempts import (
    FailedBefore,
    failure,
    forget_failures,
    prepare_attempt,
    record_failure,
    run_once,
)
from reid_cosam.training.checkpoint_files import Damaged
from reid_cosam.training.origin import Origin
from reid_cosam.training.resuming import NotResumable
from tests.test_settings import settings

ORIGIN = Origin("tracklets", "images", 1, "cpu", "32-true", False)
FINISHED = {"mAP": 0.5, "protocol": "released", "valid_queries": 6, "data": {}}


@pytest.fixture
def registered(tmp_path: Path) -> TrainSettings:
    return settings(f"registry={tmp_path}", "ckpt_path=begin.ckpt")


@pytest.fixture
def work_on(registered: TrainSettings, tmp_path: Path) -> Callable[[Mock], str]:
    return lambda work: run_once(registered, ORIGIN, tmp_path / "run", False, work)


def test_a_finished_run_is_not_repeated_by_any_rank(
    work_on: Callable[[Mock], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "run" / "metrics.json", FINISHED)
    work = Mock()

    assert work_on(work) == "finished before"
    monkeypatch.setenv("RANK", "1")  # of torchrun, whose first rank holds the lock
    assert work_on(work) == "finished before"

    assert not work.called


def test_a_run_of_another_process_is_left_to_it(work_on: Callable[[Mock], str], tmp_path: Path) -> None:
    work = Mock()
    with run_lock.claimed(tmp_path / "run"):
        assert work_on(work) == "running elsewhere"

    assert not work.called


def test_a_run_starts_from_its_settings_and_resumes_from_its_checkpoint(
    work_on: Callable[[Mock], str], tmp_path: Path
) -> None:
    begun, resumed = Mock(), Mock()
    work_on(begun)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    last.parent.mkdir()
    torch.save({"config": {}, "global_step": 3}, last)

    work_on(resumed)

    assert begun.call_args.args[0].ckpt_path == "begin.ckpt"
    assert resumed.call_args.args[0].ckpt_path == str(last)


@pytest.mark.parametrize("error", [NotResumable("precision"), Damaged("both")])
def test_a_refused_checkpoint_is_no_failure(
    error: Exception, work_on: Callable[[Mock], str], tmp_path: Path
) -> None:
    with pytest.raises(type(error)):
        work_on(Mock(side_effect=error))

    assert not list(tmp_path.rglob("failure*.json"))
    assert work_on(Mock()) == "trained"


def test_an_error_is_recorded_with_the_iterations_done(
    work_on: Callable[[Mock], str], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="full"):
        work_on(Mock(side_effect=OSError("disk full")))

    assert (tmp_path / "run" / "failure.json").is_file()
    assert work_on(Mock()) == "trained"
    assert not list(tmp_path.rglob("failure*.json"))


def test_a_failure_keeps_its_first_error(tmp_path: Path) -> None:
    record_failure(tmp_path, ValueError("of the rank\nand more"), 0)
    record_failure(tmp_path, RuntimeError("a rank failed"), 0)

    failed = failure(tmp_path)
    assert failed is not None
    assert failed.error == "of the rank"
    assert json.loads((tmp_path / "failure.json").read_text())["type"] == "ValueError"


def test_a_wrong_setting_is_tried_again_on_request_only(tmp_path: Path) -> None:
    record_failure(tmp_path, KeyError(), 0)

    with pytest.raises(FailedBefore, match=r"failed before: KeyError; retry_failed=true"):
        prepare_attempt(tmp_path, retry=False)
    prepare_attempt(tmp_path, retry=True)

    assert failure(tmp_path) is None
    prepare_attempt(tmp_path, retry=False)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("a rank failed"), BrokenFrame("a.jpg")]
)
def test_a_fault_of_the_machine_is_tried_again_twice(error: Exception, tmp_path: Path) -> None:
    for _ in range(2):
        record_failure(tmp_path, error, 7)
        prepare_attempt(tmp_path, retry=False)
        assert failure(tmp_path) is None
    record_failure(tmp_path, error, 7)

    with pytest.raises(FailedBefore, match="failed 3 times at the same iteration"):
        prepare_attempt(tmp_path, retry=False)
    prepare_attempt(tmp_path, retry=True)
    record_failure(tmp_path, error, 7)
    prepare_attempt(tmp_path, retry=False)


def test_a_run_that_gets_further_each_time_is_tried_again_without_end(tmp_path: Path) -> None:
    for iterations in range(10):
        record_failure(tmp_path, OSError("away"), iterations)
        prepare_attempt(tmp_path, retry=False)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_record_prevents_no_attempt(content: str, tmp_path: Path) -> None:
    (tmp_path / "failure.json").write_text(content)

    assert "failure.json is damaged" in str(failure(tmp_path))
    prepare_attempt(tmp_path, retry=False)

    assert failure(tmp_path) is None


def test_a_run_that_ends_well_forgets_its_failures(tmp_path: Path) -> None:
    record_failure(tmp_path, OSError("away"), 0)
    prepare_attempt(tmp_path, retry=False)
    record_failure(tmp_path, OSError("away"), 0)

    forget_failures(tmp_path)

    assert not list(tmp_path.iterdir())
