"""Folders with names that are no text, home folders, and output that nobody reads."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.faults.commands import SMALL_RUN, TWO_RANKS, finished, metrics, started

NO_TEXT = os.fsdecode(b"\xca\xfd\xbe\xdd")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.fixture
def folder(tmp_path: Path, walkers: Path) -> Path:
    """A working directory whose name is no text, with the data in it."""
    made = tmp_path / NO_TEXT
    try:
        made.mkdir()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    shutil.copytree(walkers, made / "walkers")
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("env", "more"), [({}, TWO_RANKS), (ASCII, ())])
def test_no_output_is_lost_under_a_path_that_is_no_text(
    env: Mapping[str, str], more: tuple[str, ...], folder: Path
) -> None:
    settings = (f'data.root="{folder}/walkers"', f'registry="{folder}/kept"', "trainer.max_steps=2")

    trained = finished("train", folder, *SMALL_RUN, *more, *settings, env=env)

    assert trained.end() == 0, trained.errors
    assert metrics(folder)["step"] == 2
    (run,) = (folder / "kept").iterdir()
    assert yaml.safe_load((run / "config.yaml").read_text())["data"]["root"] == f"{folder}/walkers"
    (pointer,) = folder.rglob("run.json")
    assert Path(json.loads(pointer.read_text())["folder"]) == run
    assert "everything else: " in trained.output
    scored = finished(
        *("evaluate", folder, f'ckpt="{run}/checkpoints/last.ckpt"', "data.workers=0"),
        "trainer.accelerator=cpu",
        env=env,
    )
    assert scored.end() == 0, scored.errors
    assert len(list(folder.glob("logs/evaluate/runs/*/metrics.json"))) == 1
    assert finished("report", folder, f'runs=["{folder}/kept",logs]', env=env).end() == 0
    assert (folder / "logs" / "report" / "report.html").is_file()


def test_a_run_whose_output_nobody_reads_writes_everything(walkers: Path, tmp_path: Path) -> None:
    read, write = os.pipe()
    command = [sys.executable, "-um", "reid_cosam.train", *SMALL_RUN, f"data.root={walkers}"]
    with subprocess.Popen(
        [*command, "trainer.max_steps=2"], cwd=tmp_path, stdout=write, stderr=write, start_new_session=True
    ) as process:
        os.close(write)
        os.close(read)  # as `head` does, when it has seen enough

        assert process.wait(300) == 0
    assert metrics(tmp_path)["step"] == 2
    assert len(list(tmp_path.rglob("pictures/*.png"))) == 3


def test_home_folders_are_found(walkers: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "data").symlink_to(walkers)
    with started(
        *("train", tmp_path, *SMALL_RUN, "data.root='~/data'", "registry='~/kept'", "trainer.max_steps=1"),
        env={"HOME": str(tmp_path / "home")},
    ) as run:
        assert run.end() == 0, run.errors

    assert len(list((tmp_path / "home" / "kept").glob("*/metrics.json"))) == 1
    assert not (tmp_path / "~").exists()
