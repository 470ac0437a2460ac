"""Ratios by hand, and the files that they are written to."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.harness.records import Better, Record, Report, read_report, table, write_results

RECORD = Record("step", 2.0, 5.0, "released code", "s", "less", 2.0)
REPORT = Report(
    benchmark="step",
    title="A training step",
    notes="- `step`: seconds.",
    command="python -m benchmarks.step",
    device="cpu",
    machine="a CPU",
    versions="torch 2.0",
    taken="2026-01-31 23:59 UTC",
    load=0.5,
    seconds=12.0,
    records=[RECORD, Record("slow", 5.0, 2.0, "plain", "s", "less", 1.0)],
)


@pytest.mark.parametrize(
    ("better", "aim", "ratio", "met"),
    [
        ("less", 2.5, 2.5, True),  # 5 s to 2 s
        ("less", 3.0, 2.5, False),
        ("more", 0.4, 0.4, True),  # 2 a second to 5
        ("share", 0.4, 0.4, True),
        ("share", 0.3, 0.4, False),  # of a share the aim is the most
        ("share", None, 0.4, None),
    ],
)
def test_a_ratio_and_whether_it_meets_its_aim(
    better: Better, aim: float | None, ratio: float, met: bool | None
) -> None:
    record = Record("step", 2.0, 5.0, "released code", "s", better, aim)

    assert record.ratio == ratio
    assert record.met is met


def test_a_report_comes_back_from_its_file(tmp_path: Path) -> None:
    path = REPORT.write(tmp_path)

    assert path == tmp_path / "step.json"
    assert read_report(path) == REPORT


def test_every_record_in_the_file_has_ratio_and_command(tmp_path: Path) -> None:
    first, _ = json.loads(REPORT.write(tmp_path).read_text())["records"]

    assert first["ratio"] == 2.5
    assert first["command"] == "python -m benchmarks.step"


def test_figures_of_a_gpu_have_a_file_of_their_own(tmp_path: Path) -> None:
    path = replace(REPORT, device="cuda").write(tmp_path)

    assert path.name == "step_cuda.json"


def test_results_name_the_aims_that_were_missed_and_the_device_that_was_not_there(tmp_path: Path) -> None:
    write_results([REPORT], tmp_path / "RESULTS.md")

    text = (tmp_path / "RESULTS.md").read_text()
    assert "1 of 2 aims met." in text
    assert "- Missed, A training step: slow" in text
    assert "No figure on a CUDA device" in text
    assert "| step | 2 | 5 | s | released code | 2.50x | 2x: met |" in text


def test_cases_stand_side_by_side_after_what_the_first_is_compared_with() -> None:
    before = [Record(name, 2.0, 8.0, "plain", "ms", "less", case="fused") for name in ("step", "loss")]
    after = [Record(name, 1.0, 2.0, "fused", "ms", "less", case="bf16") for name in ("step", "loss")]

    headings, rows = table([*before, *after])

    assert headings == ["ms", "plain", "fused", "bf16"]
    assert rows == [[name, "8", "2 (4.00x)", "1 (2.00x)"] for name in ("step", "loss")]
