"""Runs as the report reads them, and the command that repeats one of a sweep."""

import shlex
from pathlib import Path

import pytest
import yaml

from reid_cosam.results.report.runs import common, read_runs, told_apart, varied
from reid_cosam.tables import read_yaml
from tests.results.report.made_up import run, write_curves, write_run
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

    faults = ["another left out: for some reason"]
    runs = read_runs([tmp_path, whole], read_yaml, faults)

    assert [one.folder for one in runs] == [whole]
    assert len(faults) == 4
    assert faults[1].startswith(f"{torn} left out: {torn / 'metrics.json'} is damaged")
    assert faults[2] == f"{scoreless} left out: 'mAP' is missing"
    assert faults[3].startswith(f"{listed} left out: {listed / 'metrics.json'} is damaged")
    assert [one.folder for one in read_runs([tmp_path], read_yaml, faults)] == [whole]
    assert len(faults) == 4  # what is named already is not named again


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


def test_a_run_with_damaged_surroundings_is_a_run(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    (folder / "environment.json").write_text("[]")
    faults: list[str] = []

    (one,) = read_runs([tmp_path], read_yaml, faults)

    assert (one.folder, one.command) == (folder, None)
    (fault,) = faults
    assert fault.startswith(f"{folder / 'environment.json'} left out: ")


def test_curves_that_break_off_are_none(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5, "recipe.max_steps=100", "trainer.log_every=10")
    write_curves(folder, "curves", {10: 5.0, 20: 4.0})

    with pytest.raises(ValueError, match="they end after iteration 20 of 100"):
        run(folder).curves()


def test_equal_labels_are_told_apart_by_what_differs() -> None:
    settings = [{"rate": 1, "steps": 5}, {"rate": 2, "steps": 5}, {"rate": 1, "steps": 7}]

    assert told_apart(["a", "a", "b"], settings) == ["a, rate=1", "a, rate=2", "b"]


def test_a_run_that_was_started_from_python_has_no_command(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    (folder / "environment.json").write_text('{"overrides": null}')

    assert run(folder).command is None


def test_settings_are_told_apart(tmp_path: Path) -> None:
    runs = [run(write_run(tmp_path, 0.5, *one)) for one in (("cosam=[]",), ("cosam=[4]", "seed=1"))]

    assert varied(runs) == ["cosam", "seed"]  # and not those of the attention that only one has
    assert common(runs)["num_frames"] == 4
    assert not common(runs).keys() & {"cosam", "seed", "recipe.attention.reduced_channels_narrow"}


def test_curves_go_on_over_an_interruption(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    write_curves(folder, "curves_before_1", {1: 5.0, 2: 4.0})
    write_curves(folder, "curves", {2: 4.0, 3: 3.0})

    curves = run(folder).curves()

    assert curves is not None
    assert curves[["step", "train/total"]].to_numpy().tolist() == [[1, 5], [2, 4], [3, 3]]


def test_a_run_without_curves_and_lists_is_a_run(tmp_path: Path) -> None:
    bare = run(write_run(tmp_path, 0.5))

    assert bare.curves() is None
    assert (bare.data, bare.seed, bare.mean_ap, bare.is_synthetic) == ("synthetic small", 0, 0.5, True)
