"""Runs as the report reads them, and the command that repeats one of a sweep."""

import shlex
from pathlib import Path

import yaml

from reid_cosam.results.report.curves import logged
from reid_cosam.results.tables.read import from_places
from tests.results.report.made_up import run, write_run
from tests.test_settings import settings


def test_finished_runs_are_read_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    whole = write_run(tmp_path, 0.5)
    torn = write_run(tmp_path, 0.5, "seed=1")
    (torn / "metrics.json").write_text('{"mAP": ')
    scoreless = write_run(tmp_path, 0.5, "seed=2")
    (scoreless / "metrics.json").write_text("{}")
    listed = write_run(tmp_path, 0.5, "seed=3")
    (listed / "metrics.json").write_text("[]")
    (write_run(tmp_path, 0.5, "seed=4") / "metrics.json").unlink()  # interrupted
    evaluation = tmp_path / "evaluation"
    evaluation.mkdir()
    (evaluation / "config.yaml").write_text("ckpt: last.ckpt")
    (evaluation / "metrics.json").write_text("{}")

    _, runs, faults = from_places([tmp_path, whole])

    assert [one.folder for one in runs] == [whole]
    assert len(faults) == 3
    assert faults[0].startswith(f"{torn} left out: {torn / 'metrics.json'} is damaged")
    assert faults[1] == f"{scoreless} left out: 'protocol' is missing"
    assert faults[2].startswith(f"{listed} left out: {listed / 'metrics.json'} is damaged")


def test_the_command_repeats_this_run_of_the_sweep_alone(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5, "cosam=[4,5]", "agg=rnn", "seed=2", "recipe.max_steps=7")

    command = run(folder).command

    assert command is not None
    assert "'cosam=[4,5]'" in command  # a shell would take it for a pattern
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "reid_cosam.train"]
    assert "launcher=joblib" not in words
    composed = settings(*words[3:]).model_dump(mode="json")
    assert composed == yaml.safe_load((folder / "config.yaml").read_text())


def test_the_command_trains_anew_what_is_kept(tmp_path: Path) -> None:
    command = run(write_run(tmp_path, 0.5, "registry=logs/train/kept")).command

    assert command is not None
    assert (command.count("registry="), command.endswith(" registry=null")) == (1, True)


def test_a_run_that_was_started_from_python_has_no_command(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    (folder / "environment.json").write_text('{"overrides": null}')

    assert run(folder).command is None


def test_a_run_without_curves_and_lists_is_a_run(tmp_path: Path) -> None:
    bare = run(write_run(tmp_path, 0.5))

    assert logged(bare) is None
    assert (bare.data, bare.seed, bare.mean_ap, bare.is_synthetic) == ("synthetic small", 0, 0.5, True)
