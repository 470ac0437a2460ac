"""The progress that a sweep reports, and how it ends."""

import json
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf

from reid_cosam.results.store import write_json
from reid_cosam.sweeps import sweep


def configuration(folder: Path, at_once: int = 1) -> DictConfig:
    hydra = {"sweep": {"dir": str(folder)}, "launcher": {"n_jobs": at_once}}
    return OmegaConf.create({"hydra": hydra, "retry_failed": False})


def record_outcome(
    folder: Path, number: int, outcome: str, seconds: float = 1.0, error: str | None = None
) -> None:
    record = {"outcome": outcome, "seconds": seconds} | ({"error": error} if error else {})
    write_json(folder / str(number) / "outcome.json", record)


def fail() -> sweep.Outcome:
    raise ValueError("the disk is full\nsince yesterday")


def test_the_outcome_of_a_job_is_recorded_in_its_folder(tmp_path: Path) -> None:
    sweep.attempt(tmp_path, lambda: "finished before", ())

    record = json.loads((tmp_path / "outcome.json").read_text())
    assert (record["outcome"], record["seconds"] >= 0) == ("finished before", True)


@pytest.mark.parametrize("user_error", [True, False])
def test_an_error_goes_no_further(user_error: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sweep.attempt(tmp_path, fail, (ValueError,) if user_error else ())

    record = json.loads((tmp_path / "outcome.json").read_text())
    assert (record["outcome"], record["error"]) == ("failed", "the disk is full")
    assert "failed: the disk is full\nsince yesterday" in caplog.text
    assert ("Traceback" in caplog.text) is not user_error


def test_a_rank_ends_with_its_error_as_others_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")

    with pytest.raises(SystemExit, match="error: the disk is full"):
        sweep.attempt(tmp_path, fail, ())


@pytest.mark.parametrize(("at_once", "left"), [(1, "20 s"), (2, "10 s")])
def test_the_time_left_is_that_of_runs_that_were_trained(
    at_once: int, left: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_cosam.sweeps.sweep.jobs", lambda _: [[]] * 6)
    report = sweep.SweepReport()
    report.on_multirun_start(configuration(tmp_path))
    record_outcome(tmp_path, 0, "finished before", seconds=0.1)
    record_outcome(tmp_path, 1, "trained", seconds=4)
    record_outcome(tmp_path, 2, "failed", seconds=0.1, error="no memory")
    record_outcome(tmp_path, 3, "trained", seconds=16)

    with caplog.at_level("INFO"):
        report.on_job_end(configuration(tmp_path, at_once), JobReturn())

    expected = f"4 of 6 runs: 1 finished before, 2 trained, 1 failed; about {left} left"
    assert caplog.messages == [expected]


def test_a_run_by_itself_is_no_sweep(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        sweep.SweepReport().on_job_end(configuration(tmp_path), JobReturn())

    assert caplog.messages == []


def test_a_sweep_with_a_failed_run_names_it_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_outcome(tmp_path, 10, "failed", error="no memory")
    record_outcome(tmp_path, 2, "trained")

    with pytest.raises(SystemExit) as stop:
        sweep.SweepReport().on_multirun_end(configuration(tmp_path))

    assert stop.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        "2 runs: 1 trained, 1 failed",
        f"failed: {tmp_path / '10'}: no memory",
    ]


def test_an_error_is_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "0").mkdir()
    sweep.attempt(tmp_path / "0", fail, (ValueError,))

    with pytest.raises(SystemExit):
        sweep.SweepReport().on_multirun_end(configuration(tmp_path))

    assert capsys.readouterr().out.splitlines()[1:] == [f"failed: {tmp_path / '0'}, as said above"]


def test_a_sweep_without_a_failed_run_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_outcome(tmp_path, 0, "trained")
    (tmp_path / "slurm").mkdir()

    sweep.SweepReport().on_multirun_end(configuration(tmp_path))

    assert capsys.readouterr().out == "1 runs: 1 trained\n"
