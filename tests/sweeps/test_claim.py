"""Who works on a kept run, and from where on."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from reid_cosam.results.store import write_record
from reid_cosam.settings import TrainSettings
from reid_cosam.sweeps import claim, run_lock
from reid_cosam.training.checkpoint_files import Damaged
from reid_cosam.training.resuming import NotResumable, Origin
from tests.test_settings import settings

ORIGIN = Origin("tracklets", "images", 1, "cpu", "32-true", False)
FINISHED = {"mAP": 0.5, "protocol": "released", "valid_queries": 6, "data": {}}


@pytest.fixture
def kept(tmp_path: Path) -> TrainSettings:
    return settings(f"registry={tmp_path}", "ckpt_path=begin.ckpt")


@pytest.fixture
def work_on(kept: TrainSettings, tmp_path: Path) -> Callable[[Mock], str]:
    return lambda work: claim.work_once(kept, ORIGIN, tmp_path / "run", False, work)


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


def test_a_run_begins_as_it_says_and_goes_on_where_it_was(
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
def test_a_refusal_to_go_on_is_no_failure(
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
