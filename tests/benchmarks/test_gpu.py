"""What gpu.sh starts, by an interpreter that only writes down how it was called."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def called(folder: Path, *arguments: str, status: int = 0) -> tuple[int, list[str]]:
    """Its exit status, and a line for each call of the interpreter."""
    python, calls = folder / "python", folder / "calls"
    python.write_text(f'#!/bin/sh\necho "$PYTHONPATH $*" >> {calls}\nexit {status}\n')
    python.chmod(0o755)
    environment = os.environ | {"PYTHON": str(python), "PYTHONPATH": "/wheels"}
    done = subprocess.run(["bash", "benchmarks/gpu.sh", *arguments], cwd=ROOT, env=environment, check=False)
    return done.returncode, calls.read_text().splitlines()


def test_all_names_go_to_one_command_that_finds_the_callers_modules(tmp_path: Path) -> None:
    status, (_, command) = called(tmp_path, "/copy", "out", "step", "placements")

    assert status == 0
    assert command == (
        "src:.:/wheels -m benchmarks --device cuda --size full --limit 540 --out out "
        "released=/copy --only step placements"
    )


def test_without_arguments_all_run_without_the_released_code(tmp_path: Path) -> None:
    _, (_, command) = called(tmp_path)

    assert "--out benchmarks --only step placements breakdown changes" in command


def test_nothing_runs_where_something_is_missing(tmp_path: Path) -> None:
    status, calls = called(tmp_path, status=1)

    assert status == 1
    assert len(calls) == 1
