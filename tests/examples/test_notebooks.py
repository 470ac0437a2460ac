"""The notebook runs from its first cell to its last, and is committed as written, not as run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import render_walkers

NOTEBOOK = Path(__file__).parents[2] / "examples" / "cosam_in_your_network.ipynb"
CELLS: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text())["cells"]


def run(folder: Path, **parameters: object) -> float:
    """Runs all cells in one interpreter, as a kernel does, in `folder`; returns the mAP.

    `parameters` replace values of the cell that is tagged so.
    """
    program = []
    for cell in CELLS:
        if cell["cell_type"] == "code":
            program.append("".join(cell["source"]))
            if "parameters" in cell["metadata"].get("tags", []):
                program += [f"{name} = {value!r}" for name, value in parameters.items()]
    script = folder / "cells.py"
    script.write_text("\n".join([*program, 'print("mAP:", scores.mean_ap)']))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.rpartition("mAP:")[2])


def test_every_cell_runs(tmp_path: Path) -> None:
    render_walkers(tmp_path / "datasets")

    assert 0 < run(tmp_path, DATA="datasets", STEPS=2) <= 1


@pytest.mark.slow
def test_the_network_learns_what_the_text_promises(tmp_path: Path) -> None:
    assert run(tmp_path, DATA="datasets") > 0.3  # chance is 0.01


def test_it_is_committed_without_outputs_and_with_parameters() -> None:
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]

    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert [cell["metadata"] for cell in code if cell["metadata"]] == [{"tags": ["parameters"]}]
