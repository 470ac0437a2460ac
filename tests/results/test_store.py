"""Records and pictures are whole or absent; the environment names what made them."""

import json
import os
import subprocess
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

import reid_cosam
from reid_cosam.results.store import environment, git_state, replacing, save_picture, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def git(folder: Path, *arguments: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, env=variables, capture_output=True, check=True, text=True).stdout.strip()


def break_off(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("disk full")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return folder


def test_json_is_sorted_indented_and_plain(tmp_path: Path) -> None:
    path = tmp_path / "run" / "metrics.json"

    write_json(
        path, {"mAP": np.float64(0.5), "R1": np.float32(0.25), "cmc": np.array([0, 1]), "at": Path("a")}
    )

    assert path.read_text() == (
        '{\n  "R1": 0.25,\n  "at": "a",\n  "cmc": [\n    0,\n    1\n  ],\n  "mAP": 0.5\n}\n'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan"), np.array([-np.inf])])
def test_json_refuses_what_it_cannot_hold(tmp_path: Path, value: object) -> None:
    with pytest.raises(
        ValueError, match=r"metrics\.json: scores: mAP.* is (nan|-?inf), which JSON cannot hold"
    ):
        write_json(tmp_path / "metrics.json", {"scores": {"mAP": value}})

    assert names(tmp_path) == []


def test_json_names_a_value_without_json_form(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"rows\[1\] is a set"):
        write_json(tmp_path / "metrics.json", {"rows": [1, {2}]})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old")

    with pytest.raises(RuntimeError, match="disk full"):
        break_off(path)

    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_text_keeps_its_line_ends_and_letters(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "é\n")

    assert (tmp_path / "note.txt").read_bytes() == b"\xc3\xa9\n"


def test_a_picture_comes_back_as_it_was(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))

    save_picture(image, tmp_path / "sheet.png")

    assert np.array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), np.asarray(image))
    assert names(tmp_path) == ["sheet.png"]


def test_only_png_pictures_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sheet\.jpg must end in \.png"):
        save_picture(Image.new("RGB", (2, 2)), tmp_path / "sheet.jpg")


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


def test_a_path_that_is_no_text_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = os.fsdecode(b"/data/\xca\xfd")

    write_json(tmp_path / "a.json", {"folder": Path(path), "é": path})
    write_text(tmp_path / "a.csv", f"frame\n{path}\n")

    assert json.loads((tmp_path / "a.json").read_text()) == {"folder": path, "é": path}
    assert "é" in (tmp_path / "a.json").read_text()
    assert (tmp_path / "a.csv").read_text() == "frame\n/data/\\udcca\\udcfd\n"
