"""What visitors of the repository look for fits the package: workflows, citation, changelog, Dockerfile."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from reid_cosam import __version__

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
PYPROJECT = (ROOT / "pyproject.toml").read_text()


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def make_targets(workflow: Path) -> list[str]:
    words = [step["run"].split() for step in steps(workflow) if "run" in step]
    assert {first for first, *_ in words} == {"make"}
    return [target for _, target, *_ in words]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_step_is_an_action_or_a_target_of_the_makefile(workflow: Path) -> None:
    assert all(("uses" in step) != ("run" in step) for step in steps(workflow))
    assert set(make_targets(workflow)) <= TARGETS


def test_a_change_is_checked_tested_and_demonstrated_and_its_documents_are_built() -> None:
    assert {path.stem: make_targets(path) for path in WORKFLOWS} == {
        "checks": ["setup", "test", "check", "demo"],
        "docs": ["setup", "docs"],
    }


def test_every_allowed_python_is_in_the_matrix() -> None:
    bounds = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', PYPROJECT)
    assert bounds is not None

    job = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())["jobs"]["checks"]
    allowed = [f"3.{minor}" for minor in range(*map(int, bounds.groups()))]
    assert job["strategy"]["matrix"]["python"] == allowed


def test_citation_and_changelog_are_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    releases = re.findall(r"^## \[(\d[^]]*)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert citation["version"] == __version__
    assert releases[0] == (__version__, str(citation["date-released"]))
    dates = [date.fromisoformat(day) for _, day in releases]
    assert dates == sorted(dates, reverse=True)


def test_the_image_gets_every_file_that_the_package_is_built_from() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    copied = re.findall(r"^COPY (.+) /source", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    needed = [
        *("pyproject.toml", "README.md", "LICENSE", "constraints.txt", "src"),
        *re.findall(r'^"(.+)" = "reid_cosam/', PYPROJECT, flags=re.MULTILINE),
    ]

    assert lines[1] == "*"
    assert "experiments/table7/paper.csv" in needed
    for path in needed:
        folder = path.partition("/")[0]
        assert folder in kept, path
        assert folder in " ".join(copied).split(), path


def test_the_image_runs_the_demo_as_another_user_than_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    demo = re.search(
        r"^demo:.*\n\t\$\(BIN\)/python -m reid_cosam\.train (.+)$", (ROOT / "Makefile").read_text(), re.M
    )

    assert demo is not None
    arguments = ", ".join(f'"{word}"' for word in demo[1].split())
    assert f'CMD ["reid-cosam", "train", {arguments}]' in dockerfile.splitlines()
    assert re.findall(r"^USER (\w+)$", dockerfile, re.M) == ["reid"]


def test_the_map_of_the_house_names_every_folder() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## Map of the house")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    package = ROOT / "src" / "reid_cosam"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}

    assert rooms <= named
    assert all((ROOT / name).is_dir() or name in rooms for name in named)
