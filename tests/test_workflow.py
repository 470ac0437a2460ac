"""The workflow of the public code host checks every Python that the package allows, by targets that exist."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
JOB = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())["jobs"]["checks"]


def test_every_allowed_python_is_in_the_matrix() -> None:
    bounds = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert bounds is not None

    allowed = [f"3.{minor}" for minor in range(*map(int, bounds.groups()))]
    assert JOB["strategy"]["matrix"]["python"] == allowed


def test_every_step_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    called = [step["run"].split() for step in JOB["steps"] if "run" in step]

    assert {words[1] for words in called} == {"setup", "test", "check", "demo"}
    assert {words[0] for words in called} == {"make"}
    assert {words[1] for words in called} <= targets
