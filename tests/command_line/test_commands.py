"""What every command does with its arguments and its errors."""

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from reid_cosam import analyse, evaluate, interruption, report, train, visualize
from reid_cosam.command_line import exits_with_one_line
from reid_cosam.command_line.commands import Command
from reid_cosam.command_line.errors import foreign_errors_as_ours
from tests.support.in_process import call
from tests.support.report_command import main, ran


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def test_a_command_gets_its_configuration(tmp_path: Path) -> None:
    assert call(main, tmp_path, "out=there") == (0, "", "")
    assert ran == ["there"]


def test_what_a_user_can_fix_is_one_line_and_the_rest_is_not_hidden(tmp_path: Path) -> None:
    assert call(main, tmp_path, "out=refused") == (1, "", "error: out=refused: no")
    with pytest.raises(KeyError):
        call(main, tmp_path, "out=bug")


def test_the_origin_of_an_error_is_shown_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")

    with pytest.raises(OSError, match="gone"), exits_with_one_line():
        raise OSError("gone")


def test_errors_of_composing_are_one_line(tmp_path: Path) -> None:
    code, _, errors = call(main, tmp_path, "hydra.run.dir=${nope}")

    assert code == 1
    assert errors.startswith("error: ")
    assert "nope" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recipe/attention=a/b"], ["recipe/attention=a/b: there is no such choice: there are narrow"]),
        (["backbone=resnet5"], ["backbone=resnet5", "did you mean resnet50?", "se_resnet_tiny, timm"]),
        (["recipe/attention=nothing"], ["recipe/attention=nothing", "there are narrow, paper"]),
        (["-cn", "nothing"], ["'nothing'"]),
        (["--nothing"], ["--nothing"]),
        (["--config-name"], ["--config-name"]),
    ],
)
def test_a_choice_or_flag_that_does_not_exist_is_one_line(
    arguments: list[str], said: list[str], tmp_path: Path
) -> None:
    code, output, error = call(train.main, tmp_path, *arguments)

    assert (code, output) == (1, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 0
    for words in said:
        assert words in error


@pytest.mark.parametrize("text", ["a: b: c", "a: [1", "a: 1\na: 2", "a: \x07"])
def test_a_file_that_is_not_yaml_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "my_conf" / "agg" / "broken.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)

    for arguments in (
        ("--config-dir", str(tmp_path / "my_conf"), "+agg=broken"),
        ("-cp", str(file.parent), "-cn", "broken"),
    ):
        code, _, errors = call(main, tmp_path, *arguments)

        assert code == 1
        assert errors.startswith("error: ")
        assert str(file) in errors
        assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("flag", ["--quick", "out=there"])
def test_a_flag_stands_for_a_setting(flag: str, tmp_path: Path) -> None:
    quick = dataclasses.replace(main, flags={"--quick": "out=there"})

    assert call(quick, tmp_path, flag)[0] == 0
    assert ran == ["there"]


def test_a_subcommand_gets_the_other_arguments(tmp_path: Path) -> None:
    status = dataclasses.replace(main, subcommands={"status": ran.extend})

    assert call(status, tmp_path, "status", "a", "b=1")[0] == 0
    assert ran == ["a", "b=1"]


def test_arguments_may_be_given_by_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(sys.argv)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interruption, "handle", lambda: None)

    main(["out=there"])

    assert ran == ["there"]
    assert sys.argv == before


def test_a_launcher_sends_the_verb_to_its_processes() -> None:
    job = pickle.loads(pickle.dumps(report.main.job))

    assert job is report.main.job


def test_other_libraries_errors_of_users_become_ours() -> None:
    wandb = pytest.importorskip("wandb")

    with pytest.raises(RuntimeError, match="no such project"), foreign_errors_as_ours():
        raise wandb.Error("no such project")
    with pytest.raises(KeyError), foreign_errors_as_ours():
        raise KeyError("bug")


@pytest.mark.parametrize("setting", ["data.height=64", "+data.width=32", "data.width=32,64"])
@pytest.mark.parametrize("verb", [analyse.main, evaluate.main, visualize.main])
def test_a_trained_network_decides_on_the_size_of_images(verb: Command, setting: str, tmp_path: Path) -> None:
    code, _, errors = call(verb, tmp_path, "ckpt=model.ckpt", "data=mars", setting)

    assert code == 1
    assert errors.startswith(f"error: {setting}: ")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    code, _, errors = call(main, tmp_path, "hydra.run.dir=file/run")

    assert (code, ran) == (1, [])
    assert "file/run" in errors
    assert errors.startswith("error: ")


def test_the_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    call(main, tmp_path, "hydra.run.dir='~/run'", "hydra.output_subdir=saved")

    assert (tmp_path / "home" / "run" / "saved" / "config.yaml").is_file()
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(("verb", "key"), [("verify", "data.workers"), ("evaluate", "data.workers")])
def test_settings_of_the_data_are_named_as_they_are_typed(verb: str, key: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"reid_cosam.{verb}", f"{key}=-1", *(["ckpt=1e3"] * (verb == "evaluate"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {key}=-1: ")
