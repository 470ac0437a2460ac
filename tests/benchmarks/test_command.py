"""What a benchmark's command line offers, passes on and refuses."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from benchmarks.harness import command
from benchmarks.harness.command import CHOICES, Benchmark, Choice, Options, dashed, folder, given, parser
from benchmarks.harness.records import HERE, Record, read_report


def found(_: Options) -> Sequence[Record]:
    return [Record("step", 2.0, 5.0, "released code", "s", "less")]


STEP = Benchmark("step", "A step", "", measure=found, reads=("released",))


def started(monkeypatch: pytest.MonkeyPatch, benchmark: Benchmark, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["step", *arguments])
    command.main(benchmark, "A step.")


def test_released_may_be_named_without_dashes() -> None:
    arguments = dashed(["released=/some/copy", "--size", "check"])

    assert parser("", None, "full", CHOICES).parse_args(arguments).released == Path("/some/copy")


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ((), ["--size", "quick"]),
        (("released",), ["--size", "quick", "released=/copy"]),
        (CHOICES, ["--device", "cuda", "--size", "quick", "released=/copy", "before=abc"]),
    ],
)
def test_only_what_a_benchmark_reads_is_passed_on(reads: Sequence[Choice], expected: list[str]) -> None:
    arguments = ["released=/copy", "before=abc", *(["--device", "cuda"] if "device" in reads else [])]
    chosen = parser("", None, "quick", CHOICES).parse_args(dashed(arguments))

    assert given(chosen, reads) == expected
    assert parser("", None, "full", reads).parse_args(dashed(expected)).size == "quick"


def test_help_has_the_whole_description_and_what_is_read() -> None:
    shown = parser("prog", "A step.\n\n    python -m benchmarks.step\n", "full", ("released",)).format_help()

    assert "A step.\n\n    python -m benchmarks.step\n" in shown
    assert "released=PATH" in shown
    assert "--before" not in shown
    assert "--device" not in shown


def test_small_sizes_leave_the_kept_figures_alone() -> None:
    sizes = parser("", None, "full", ())

    assert folder(sizes.parse_args([])) == HERE
    assert folder(sizes.parse_args(["--size", "quick"])) == HERE / "quick"
    assert folder(sizes.parse_args(["--size", "check", "--out", "here"])) == Path("here")


def test_the_recorded_command_names_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started(monkeypatch, STEP, f"released={tmp_path}", "--out", str(tmp_path), "--size", "full")

    report = read_report(tmp_path / "results" / "step.json")
    assert report.command == "python -m benchmarks.step released=PATH"


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_threads_are_counted_from_one(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser("", None, "full", ("threads",)).parse_args([f"--threads={number}"])

    assert f"must be a whole number from 1, got {number}" in capsys.readouterr().err


def test_threads_are_refused_where_they_say_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        started(monkeypatch, STEP, "--threads", "7")
    started(monkeypatch, STEP, "--out", str(tmp_path))

    assert "unrecognized arguments: --threads 7" in capsys.readouterr().err
    assert read_report(tmp_path / "results" / "step.json").machine.endswith(" core(s)")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"^error: --device cuda: torch finds no CUDA device"):
        started(monkeypatch, STEP._replace(reads=("device",)), "--device", "cuda")


@pytest.mark.parametrize("kind", [ValueError, FileNotFoundError])
def test_what_a_user_can_fix_is_said_in_one_line(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(_: Options) -> Sequence[Record]:
        raise kind("no such folder")

    with pytest.raises(SystemExit, match=r"^error: no such folder$"):
        started(monkeypatch, STEP._replace(measure=failing), "--out", str(tmp_path))
