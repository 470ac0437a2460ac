"""What every command does with its arguments, its errors and its output."""

import io
import os
import random
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from reid_cosam.command_line import command, exits_with_one_line
from reid_cosam.command_line.arguments import unreadable
from reid_cosam.command_line.output import _Unbreakable
from reid_cosam.command_line.trust import Refused, check
from reid_cosam.settings.messages import unlike_its_spelling
from tests.support.in_process import call
from tests.test_settings import settings

ran: list[str] = []


@command("report")
def shown(config: DictConfig) -> None:
    """Stands for a command: notes what it was called with."""
    ran.append(str(config.out))
    if config.out == "refused":
        raise ValueError("out=refused: no")
    if config.out == "bug":
        raise KeyError("bug")


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def parsed(argument: str) -> Any:
    return OverridesParser.create().parse_override(argument).value()


def test_a_command_gets_its_configuration(tmp_path: Path) -> None:
    assert call(shown, tmp_path, "out=there") == (0, "", "")
    assert ran == ["there"]


def test_what_a_user_can_mend_is_one_line_and_the_rest_is_not_hidden(tmp_path: Path) -> None:
    assert call(shown, tmp_path, "out=refused") == (1, "", "error: out=refused: no")
    with pytest.raises(KeyError):
        call(shown, tmp_path, "out=bug")


def test_the_origin_of_an_error_is_shown_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")

    with pytest.raises(OSError, match="gone"), exits_with_one_line():
        raise OSError("gone")


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("out=~/mars", """'out="~/mars"'"""),
        ("out=/runs/epoch=1/last.ckpt", """'out="/runs/epoch=1/last.ckpt"'"""),
        ("out=/my (data)", """'out="/my (data)"'"""),
        ("out=/café", """'out="/café"'"""),
        ("out=/it's", """'out="/it'"'"'s"'"""),
        ("++out=#1", """'++out="#1"'"""),
        ("out=/a\udcca", """'out="/a\udcca"'"""),
    ],
)
def test_an_argument_that_hydra_cannot_read_is_shown_quoted(
    argument: str, written: str, tmp_path: Path
) -> None:
    code, _, errors = call(shown, tmp_path, argument)

    assert (code, errors) == (1, f"error: Hydra cannot read {argument}; quote its value: {written}")
    (quoted,) = shlex.split(written)
    call(shown, tmp_path, quoted)
    assert ran == [argument.partition("=")[2]]


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("table3", "table3 is no setting: settings are written key=value"),
        ("out = x", "'out = x' is no setting"),
        ("größe=3", "größe is no name of a setting"),
        ("runs=[a", "close its brackets and quotes, or quote its value"),
        ('out="x', "close its brackets and quotes, or quote its value"),
    ],
)
def test_what_cannot_be_quoted_right_is_explained(argument: str, said: str, tmp_path: Path) -> None:
    code, _, errors = call(shown, tmp_path, argument)

    assert (code, ran) == (1, [])
    assert errors.startswith("error: ")
    assert said in errors


def test_every_suggestion_means_the_very_text() -> None:
    rng = random.Random(0)
    seen = 0
    for _ in range(1500):
        value = "".join(rng.choices("ab1=~+ '\"\\(){}[],:é#.$/&;!中d`*?\n\t\udcca", k=rng.randint(1, 8)))
        try:
            parsed(f"key={value}")
        except HydraException:
            suggestion = unreadable(f"key={value}").partition("quote its value: ")[2]
            (argument,) = shlex.split(suggestion)
            assert parsed(argument) == value
            seen += 1
    assert seen > 500


def test_other_errors_of_composing_are_told_without_a_traceback(tmp_path: Path) -> None:
    for argument, said in (
        ("nothing=3", "Key 'nothing' is not in struct"),
        ("hydra.run.dir=${nope}", "nope"),
    ):
        code, _, errors = call(shown, tmp_path, argument)
        assert code == 1
        assert errors.startswith("error: ")
        assert said in errors
        assert "Traceback" not in errors


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    code, _, errors = call(shown, tmp_path, "hydra.run.dir=file/run")

    assert (code, ran) == (1, [])
    assert "file/run" in errors
    assert errors.startswith("error: ")


def test_the_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    call(shown, tmp_path, "hydra.run.dir='~/run'", "hydra.output_subdir=saved")

    assert (tmp_path / "home" / "run" / "saved" / "config.yaml").is_file()
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["+hydra.callbacks.x._target_=torch.load"], "hydra.callbacks.x._target_=torch.load"),
        (["+hydra.callbacks.x={_target_: os.mkdir, path: ran}"], "hydra.callbacks.x._target_=os.mkdir"),
        (["+hydra.callbacks.x=${oc.create:${oc.env:HOME}}"], "hydra.callbacks.x=${oc.create"),
        (["+hydra.callbacks.x=${oc.decode:${oc.env:HOME}}"], "hydra.callbacks.x=${oc.decode"),
        (["+hydra.callbacks.x='${now:{_target_: os.mkdir}}'"], "hydra.callbacks.x=${now:{"),
        (["+hydra.callbacks.x='${${out}:x}'"], "hydra.callbacks.x=${${out}"),
        (["+hydra.callbacks.x=${y}", "+y._target_=os.mkdir"], "hydra.callbacks.x._target_=os.mkdir"),
        (["+hydra.callbacks.x._target_=${out}", "out=os.mkdir"], "hydra.callbacks.x._target_=${out}"),
        (["+hydra.launcher.x._target_=os.mkdir"], "hydra.launcher.x._target_=os.mkdir"),
        (
            ["hydra.launcher._target_=hydra_plugins.hydra_joblib_launcher._core.Path"],
            "hydra.launcher._target_=hydra_plugins",
        ),
        (["hydra.sweeper._target_=os.mkdir"], "hydra.sweeper._target_=os.mkdir"),
        (
            ["+hydra.job_logging.handlers.x.class=logging.handlers.SocketHandler"],
            "hydra.job_logging.handlers.x.class=logging.handlers",
        ),
        (["+hydra.hydra_logging.formatters.x.class=os.mkdir"], "hydra.hydra_logging.formatters.x.class=os"),
        (["+hydra.hydra_logging.handlers.x.stream=ext://os.environ"], "handlers.x.stream=ext://os.environ"),
        (["+hydra.hydra_logging.handlers.x.stream='ext${out}'"], "handlers.x.stream=ext${out}"),
        (["+hydra.hydra_logging.handlers.x.stream=${out}"], "handlers.x.stream=${out}"),
        (["hydra.searchpath=[pkg://this]"], "hydra.searchpath=['pkg://this']"),
    ],
)
def test_code_that_does_not_belong_here_is_refused_by_name(
    arguments: list[str], name: str, tmp_path: Path
) -> None:
    code, _, errors = call(shown, tmp_path, *arguments)

    assert (code, ran) == (1, [])
    assert errors.startswith("error: ")
    assert name in errors
    assert not (tmp_path / "ran").exists()


def test_pickled_configurations_are_never_read(tmp_path: Path) -> None:
    for argument in ("--experimental-rerun=config.pickle", "--exp"):
        code, _, errors = call(shown, tmp_path, argument, "config.pickle")
        assert (code, ran) == (1, [])
        assert argument in errors


def test_environment_variables_come_from_the_command_line_alone(tmp_path: Path) -> None:
    composed = OmegaConf.create(
        {"hydra": {"job": {"env_set": {"LD_PRELOAD": "x.so"}}, "overrides": {"hydra": []}}}
    )
    with pytest.raises(Refused, match="LD_PRELOAD"):
        check(composed)

    assert call(shown, tmp_path, "+hydra.job.env_set.OMP_NUM_THREADS=1", "out=there")[0] == 0
    assert ran == ["there"]


def test_text_that_looks_like_a_number_is_taken_as_it_is_written() -> None:
    chosen = settings(
        "runs=2026", "ckpt_path=12345", "logger.project=2026", "logger.group=true", "logger.tags=[1,a,2.5]"
    )

    assert (chosen.runs, chosen.ckpt_path) == ("2026", "12345")
    assert (chosen.logger.project, chosen.logger.group, chosen.logger.entity) == ("2026", "true", None)
    assert chosen.logger.tags == ("1", "a", "2.5")
    assert settings("logger.tags=one").logger.tags == ("one",)


@pytest.mark.parametrize(
    ("override", "written"),
    [
        ("runs=1e3", """'runs="1e3"'"""),
        ("runs=1_000", """'runs="1_000"'"""),
        ("runs=+5", """'runs="+5"'"""),
        ("logger.project=TRUE", """'logger.project="TRUE"'"""),
        ("logger.tags=[a, 1e3,7]", """'logger.tags=[a, "1e3",7]'"""),
    ],
)
def test_text_whose_spelling_is_lost_is_shown_quoted(override: str, written: str) -> None:
    assert unlike_its_spelling(settings(override), override) == written
    (quoted,) = shlex.split(written)
    assert unlike_its_spelling(settings(quoted), quoted) is None


def test_numbers_and_plain_text_need_no_quotes() -> None:
    for override in ("seed=1_000", "runs=2026", "runs=0101", "data.root=here", "recipe.loss.margin=1e-1"):
        assert unlike_its_spelling(settings(override), override) is None


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed=5000000000", r"^seed=5000000000: .*less than 4294967296"),
        ("recipe.optimiser.betas=[0.9,1.5]", r"^recipe\.optimiser\.betas=1\.5: .*less than 1"),
        ("recipe.optimiser.betas=[0.9]", r"^recipe\.optimiser\.betas=\[0\.9\]: too few values"),
        ("recipe.optimiser.learning_rate=inf", r"^recipe\.optimiser\.learning_rate=inf: .*finite"),
        ("recipe.loss.margin=nan", r"^recipe\.loss\.margin=nan: .*finite"),
        ("data.height=33", r"^data\.height=33: .*multiple of 4"),
        ("data.width=1000000", r"^data\.width=1000000: .*4096"),
        ("num_frames=1000000", r"^num_frames=1000000: .*1024"),
        ("trainer.max_steps=100000000000000000000", r"^trainer\.max_steps=1\d+: .*less than 2147483648"),
        ("trainer.deterministic=x", r"^trainer\.deterministic=x: .*boolean.* or .*'warn'$"),
        ("data.root=", r"^data\.root=: names no file or folder"),
        ("runs='~nobody-of-that-name/x'", r"^runs=~nobody-of-that-name/x: there is no such home folder"),
    ],
)
def test_what_would_fail_late_is_refused_at_once_under_its_name(override: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        settings(override)

    assert "Value error" not in str(caught.value)


def test_paths_may_start_at_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    chosen = settings(
        "data=mars", "data.root='~/mars'", "runs='~'", "data.attributes='~/a.csv'", "ckpt_path='a~b'"
    )

    assert (chosen.data.root, chosen.data.attributes) == ("/home/me/mars", "/home/me/a.csv")
    assert (chosen.runs, chosen.ckpt_path) == ("/home/me", "a~b")


def test_output_that_nobody_reads_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = _Unbreakable(os.fdopen(write, "wb"), encoding="ascii", errors="backslashreplace")

    for _ in range(3):
        stream.write("é\udcca" * 10_000)
        stream.flush()
    stream.close()


def test_what_cannot_be_encoded_is_escaped() -> None:
    held = io.BytesIO()
    stream = _Unbreakable(held, encoding="ascii", errors="backslashreplace")

    stream.write("é\udcca")
    stream.flush()

    assert held.getvalue() == b"\\xe9\\udcca"


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
