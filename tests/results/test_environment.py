"""The environment names what made a run."""

import json
import os
import subprocess
from pathlib import Path

import matplotlib
import pytest

import reid_cosam
from reid_cosam.results.environment import environment, git_state
from reid_cosam.results.store import write_json


def git(folder: Path, *arguments: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, env=variables, capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return folder


def test_environment_names_versions_machine_and_code(tmp_path: Path) -> None:
    record = environment()
    write_json(tmp_path / "environment.json", record)

    assert json.loads((tmp_path / "environment.json").read_text()) == record
    assert record["version"] == reid_cosam.__version__
    packages = record["packages"]
    assert isinstance(packages, dict)
    assert packages["matplotlib"] == matplotlib.__version__
    assert "pytest" not in packages
    assert None not in packages.values()
    assert str(record["time_utc"]).endswith("+00:00")


def test_git_state_of_a_clean_checkout(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")

    assert git_state(checkout) == {"commit": commit, "dirty": False, "diff": None, "reason": None}


def test_git_state_tells_changes_apart(checkout: Path) -> None:
    (checkout / "__init__.py").write_text("a = 2\n")
    second = git_state(checkout)
    (checkout / "__init__.py").write_text("a = 3\n")
    third = git_state(checkout)

    assert second["dirty"] is third["dirty"] is True
    assert second["diff"] != third["diff"]
    assert len(str(second["diff"])) == 12


def test_git_state_outside_a_checkout_says_why(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()

    state = git_state(tmp_path)

    assert (state["commit"], state["dirty"], state["diff"]) == (None, None, None)
    assert "not a git repository" in str(state["reason"])


def test_git_state_ignores_a_checkout_that_does_not_track_the_package(checkout: Path) -> None:
    installed = checkout / "site-packages"
    installed.mkdir()
    (installed / "__init__.py").touch()

    state = git_state(installed)

    assert state["commit"] is None
    assert "did not match any file" in str(state["reason"])


def test_git_state_without_git_says_why(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert "git" in str(git_state(checkout)["reason"])
