"""All benchmarks by one command: which can run, which are stopped, and RESULTS.md without any of them."""

import io
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.__main__ import _expected, _run_one, main
from benchmarks.demo import BENCHMARK as DEMO
from rich.console import Console

from tests.benchmarks import test_records

REPORT = replace(test_records.REPORT, records=[test_records.RECORD])


def test_results_are_written_from_the_files_alone(tmp_path: Path) -> None:
    replace(REPORT, device="cuda", title="On a GPU").write(tmp_path / "results")
    REPORT.write(tmp_path / "results")

    assert main(["--rewrite", "--out", str(tmp_path)]) == 0

    text = (tmp_path / "RESULTS.md").read_text()
    assert "2 of 2 aims met." in text
    assert 0 < text.index("## A training step") < text.index("## On a GPU")


def test_what_rewriting_would_leave_unread_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    REPORT.write(tmp_path / "results")

    with pytest.raises(SystemExit):
        main(["--rewrite", "--size", "quick", "released=/copy", "--out", str(tmp_path)])

    assert "--rewrite measures nothing: leave --size, --released=/copy out" in capsys.readouterr().err
    assert not (tmp_path / "RESULTS.md").exists()


def test_results_are_not_written_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^error: .*results holds no figures"):
        main(["--rewrite", "--out", str(tmp_path)])

    assert not (tmp_path / "RESULTS.md").exists()


def test_a_file_that_holds_no_report_is_named(tmp_path: Path) -> None:
    path = REPORT.write(tmp_path / "results")
    path.write_text(path.read_text()[:-20])

    with pytest.raises(SystemExit, match=r"^error: .*step\.json holds no report of a benchmark"):
        main(["--rewrite", "--out", str(tmp_path)])


def test_what_cannot_run_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^error: demo compares with an earlier commit.* before=COMMIT$"):
        main(["--only", "demo", "--out", str(tmp_path)])


def test_what_has_no_part_on_a_gpu_is_refused_there(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^error: memory measures the CPU alone, without --device cuda$"):
        main(["--only", "memory", "--device", "cuda", "--out", str(tmp_path)])


def test_one_that_takes_too_long_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.__main__.GRACE", 1)
    REPORT.write(tmp_path / "results")
    only = ["--only", "startup", "memory", "--size", "check", "--out", str(tmp_path)]

    assert main([*only, "--limit", "1"]) == 1

    said = capfd.readouterr().err
    assert "stopped after 1 s: python -m benchmarks.startup" in said
    assert "stopped after 1 s: python -m benchmarks.memory" in said
    assert (tmp_path / "RESULTS.md").is_file()


@pytest.mark.parametrize("terminal", [True, False])
def test_its_errors_are_shown(terminal: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown = io.StringIO()
    chosen = Namespace(
        device="cpu", size="check", threads=1, released=None, before=None, out=tmp_path, limit=None
    )

    fault = _run_one(DEMO, chosen, Console(file=shown, force_terminal=terminal, width=80))

    assert fault == "failed, its error stands above"
    said = shown.getvalue() if terminal else capfd.readouterr().err
    assert "error: name the commit to compare with: before=COMMIT" in said


@pytest.mark.parametrize(("size", "seconds"), [("full", 12), ("quick", 90)])
def test_only_a_run_of_the_same_size_says_how_long_it_takes(
    size: str, seconds: float, tmp_path: Path
) -> None:
    REPORT.write(tmp_path / "results")

    assert _expected("step", Namespace(device="cpu", size=size, out=tmp_path)) == seconds
