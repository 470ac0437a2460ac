"""The notebooks run from the first cell to the last, and are committed with small outputs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reid_cosam.data.synthetic import SyntheticSpec
from tests.support.commands import render_walkers

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
FOURTEEN_PEOPLE = SyntheticSpec("tiny", 64, 32, 8, 14, 3, 2, 2, (4, 5), 2, 1)


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return cells


def run(name: str, folder: Path, end: str, **parameters: object) -> str:
    """Runs all cells in one interpreter, as a kernel does, in `folder`; returns the value of `end`.

    `end` is an expression; `parameters` replace values of the cell that is tagged so.
    """
    program = []
    for cell in cells_of(EXAMPLES / name):
        if cell["cell_type"] == "code":
            program.append("".join(cell["source"]))
            if "parameters" in cell["metadata"].get("tags", []):
                program += [f"{parameter} = {value!r}" for parameter, value in parameters.items()]
    script = folder / "cells.py"
    script.write_text("\n".join([*program, f'print("END", {end})']), encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where reid-cosam is
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg", "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("END ")[2]


def test_cosam_in_your_network_runs(tmp_path: Path) -> None:
    render_walkers(tmp_path / "datasets")

    end = run("cosam_in_your_network.ipynb", tmp_path, "scores.mean_ap", DATA="datasets", STEPS=2)

    assert 0 < float(end) <= 1


@pytest.mark.slow  # as it starts commands
def test_searchable_gallery_runs(tmp_path: Path) -> None:
    render_walkers(tmp_path / "datasets", FOURTEEN_PEOPLE)

    end = run(
        "searchable_gallery.ipynb",
        tmp_path,
        'hit["track"] == query["track"], abs(float(distance) - query["distance"]) < 1e-3, len(hits)',
        DATA="datasets",
        FOLDER="work",
        STEPS=2,
        CALIBRATION_PEOPLE=9,
        KNOWN_PEOPLE=3,
    )

    assert end.split() == ["True", "True", "25"]  # 5 queries with 5 hits each


@pytest.mark.slow  # as it starts commands
def test_score_other_descriptors_runs(tmp_path: Path) -> None:
    render_walkers(tmp_path / "datasets")

    end = run(
        "score_other_descriptors.ipynb",
        tmp_path,
        'json.dumps([rows[0]["mAP"], len(rows), scores.mean_ap, metrics["mAP"]])',
        DATA="datasets",
        FOLDER="work",
        K1=3,
        K2=2,
    )

    percent, scored, in_python, of_command = json.loads(end)
    assert scored == 6  # three protocols, two distances
    assert percent == pytest.approx(100 * in_python, abs=0.05)
    assert of_command == pytest.approx(in_python, abs=1e-6)


@pytest.mark.slow
def test_the_network_learns_what_the_text_promises(tmp_path: Path) -> None:
    end = run("cosam_in_your_network.ipynb", tmp_path, "scores.mean_ap", DATA="datasets")

    assert float(end) > 0.3  # chance is 0.01


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_whole_small_and_name_no_machine(notebook: Path) -> None:
    code = [cell for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    outputs = json.dumps([cell["outputs"] for cell in code])

    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert [tag for cell in code for tag in cell["metadata"].get("tags", [])] == ["parameters"]
    assert "image/png" in outputs or "text/html" in outputs
    assert len(outputs) < 500_000
    assert re.search(r"(?<![\w.])/(home|root|work|tmp|Users|opt|usr)/", outputs) is None
    assert '"output_type": "error"' not in outputs


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_to_files(notebook: Path) -> None:
    text = "".join("".join(cell["source"]) for cell in cells_of(notebook) if cell["cell_type"] == "markdown")
    links = re.findall(r"\]\(([^)#]+)\)", text)

    assert links
    assert [link for link in links if not (notebook.parent / link).is_file()] == []
