"""A folder of settings from elsewhere runs no code but ours."""

from pathlib import Path

import pytest

from tests.faults.commands import SMALL_RUN, finished, metrics

CALLBACK = """
hydra:
  callbacks:
    x: {_target_: pathlib.Path.touch, self: {_target_: pathlib.Path, _args_: [ran]}}
"""
FACTORY = """
hydra:
  hydra_logging:
    version: 1
    handlers:
      x: {(): pathlib.Path.touch, self: ran}
    root: {handlers: [x]}
"""
LATER = """
defaults: [_self_, hidden]
"""
HIDDEN = """
# @package _global_
hydra: {job_logging: {filters: {x: {(): pathlib.Path.touch, self: ran}}}}
"""


def settings_folder(folder: Path, name: str, content: str) -> Path:
    """As a run leaves it, with `content` before the settings."""
    saved = folder / name
    saved.mkdir()
    (saved / "config.yaml").write_text(f"{content}\nout: logs/report.html\nruns: [logs]\n")
    (saved / "hidden.yaml").write_text(HIDDEN)
    return saved


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        (".hydra", CALLBACK, "hydra"),
        (".hydra", LATER, "defaults"),
        ("conf", CALLBACK, "conf was not used"),
        ("conf", FACTORY, "conf was not used"),
        ("conf", LATER, "conf/hidden was not used"),
        (
            "conf",
            "hydra: {searchpath: ['${oc.env:NONE,p}kg://hostile']}",
            "conf was not used",
        ),
        ("conf", "hydra: {job: {env_set: {LD_PRELOAD: x.so}}}", "conf was not used"),
    ],
)
def test_code_named_by_a_folder_from_elsewhere_does_not_run(
    name: str, content: str, named: str, tmp_path: Path
) -> None:
    saved = settings_folder(tmp_path, name, content)
    (tmp_path / "hostile.py").write_text("open('ran', 'w')\n")

    done = finished("report", tmp_path, "-cp", str(saved), "-cn", "config")

    assert done.end() == 1
    assert done.errors.startswith("error: ")
    assert named in done.errors
    assert done.errors.count("\n") == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_a_run_is_repeated_from_what_it_saved(walkers: Path, tmp_path: Path) -> None:
    finished(
        "train", tmp_path, *SMALL_RUN, f"data.root={walkers}", "trainer.max_steps=1", "hydra.run.dir=first"
    )
    first = metrics(tmp_path)

    again = finished(
        *("train", tmp_path, "-cp", str(tmp_path / "first" / ".hydra"), "-cn", "config"),
        "hydra.run.dir=again",
    )

    assert again.end() == 0, again.errors
    assert metrics(tmp_path / "again")["mAP"] == first["mAP"]
