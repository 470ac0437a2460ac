"""Every command that the documents and the help texts show exists, and its settings are valid."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from pydantic import BaseModel

from reid_cosam import build, settings
from reid_cosam.cli import module_of
from reid_cosam.paths import CONF
from reid_cosam.settings import footage
from reid_cosam.settings.reading import read_settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").glob("*/README.md")),
    ROOT / "experiments" / "strong" / "gpu.sh",
    *sorted(CONF.glob("*.yaml")),
]
STAND_INS = {"<the same settings>": "", "<time>": "2026-01-31_23-59-59", "<hash>": "0123456789"}
SETTINGS: dict[str, type[BaseModel]] = {
    "train": settings.TrainSettings,
    "evaluate": settings.EvaluateSettings,
    "export": settings.ExportSettings,
    "score": settings.ScoreSettings,
    "verify": settings.VerifySettings,
    "convert": settings.ConvertSettings,
    "tables": settings.TablesSettings,
    "pack": settings.PackSettings,
    "dashboards": settings.DashboardsSettings,
    "report": settings.ReportSettings,
    "visualize": settings.VisualizeSettings,
    "analyse": settings.AnalyseSettings,
    "embed": footage.EmbedSettings,
    "calibrate": footage.CalibrateSettings,
    "search": footage.SearchSettings,
    "link": footage.LinkSettings,
    "render": footage.RenderSettings,
}
# `python -m reid_cosam.VERB`, `python -m reid_cosam VERB` and `reid-cosam VERB`.
PROGRAM = re.compile(r"(?m)(?:python -m reid_cosam[. ]|(?:^ *|(?<=`))reid-cosam )(?=[a-z])[^`#\n]+")


def commands(document: Path) -> list[str]:
    """The commands in a Markdown file, or in the help text of a configuration."""
    text = document.read_text()
    if document.suffix == ".yaml":
        text = yaml.safe_load(text)["hydra"]["help"]["template"]
    found = PROGRAM.findall(text.replace("\\\n", " "))
    return [one for one in found if one.split()[-1] != "--help"]


SHOWN = [(str(path.relative_to(ROOT)), command) for path in DOCUMENTS for command in commands(path)]


def parsed(command: str) -> tuple[str, list[str]]:
    """The module that a command runs, and its arguments."""
    words = shlex.split(command)
    if words[0] == "reid-cosam" or words[2] == "reid_cosam":
        verb, *arguments = words[1:] if words[0] == "reid-cosam" else words[3:]
        return module_of(verb), arguments
    return words[2], words[3:]


def jobs(arguments: list[str]) -> list[list[str]]:
    """The overrides of each run that Hydra makes of these arguments; one run where there is no sweep."""
    told = ["dry_run=true" if word == "--dry-run" else word for word in arguments]  # as `dashboards` does
    given = get_args_parser().parse_intermixed_args(told)  # as all commands do
    (batch,) = BasicSweeper.split_arguments(
        OverridesParser.create().parse_overrides(given.overrides), max_batch_size=None
    )
    assert given.multirun == (len(batch) > 1), "a sweep, and nothing else, needs -m"
    own = [f"hydra.searchpath=[file://{ROOT / given.config_dir}]"] if given.config_dir else []
    return [[*overrides, *own] for overrides in batch]


@pytest.mark.parametrize(("document", "command"), SHOWN)
def test_a_command_that_is_shown_is_valid(document: str, command: str) -> None:
    for placeholder, stand_in in STAND_INS.items():
        command = command.replace(placeholder, stand_in)

    module, arguments = parsed(command)

    assert find_spec(module) is not None, f"{document} names {module}, which does not exist"
    name = "score" if module == module_of("score") else module.removeprefix("reid_cosam.")
    if arguments[:1] == ["status"]:  # of a sweep that `train` would run
        name, arguments = "train", [f"experiment={arguments[1]}", *arguments[2:]]
    if not (CONF / f"{name}.yaml").is_file():
        assert find_spec(f"{module}.__main__") is not None
        return
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for overrides in jobs(arguments):
            settings_of_run = read_settings(SETTINGS[name], compose(name, overrides))
            if "examples" in command and isinstance(settings_of_run, settings.TrainSettings):
                build.with_checked_parts(settings_of_run)  # parts from outside, against their signatures


@pytest.mark.parametrize(("document", "command"), SHOWN)
def test_lists_are_quoted_for_the_shell(document: str, command: str) -> None:
    unquoted = re.sub(r"'[^']*'", "", command)

    assert not set("[]{}*?") & set(unquoted), f"{document}: a shell would take a part of this for a pattern"


def test_commands_are_found_where_they_stand() -> None:
    found = [document for document, _ in SHOWN]

    assert found.count("README.md") >= 5
    assert found.count("conf/train.yaml") >= 5
    assert set(found) >= {"experiments/cosam_effect/README.md", *(f"conf/{verb}.yaml" for verb in SETTINGS)}


def test_a_command_may_run_over_several_lines(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text("```sh\nA=1 python -m reid_cosam.train -m seed=0,1 \\\n    agg=rnn\n```\n")

    (command,) = commands(document)

    assert shlex.split(command)[3:] == ["-m", "seed=0,1", "agg=rnn"]
    assert jobs(["-m", "seed=0,1", "agg=rnn"]) == [["seed=0", "agg=rnn"], ["seed=1", "agg=rnn"]]
