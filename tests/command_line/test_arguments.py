"""Arguments that Hydra cannot read or does not know, and what to write instead."""

import os
import random
import shlex
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from reid_cosam.command_line.arguments import unknown, unreadable
from tests.support.in_process import call
from tests.support.report_command import main, ran


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def parsed(argument: str) -> Any:
    return OverridesParser.create().parse_override(argument).value()


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
    code, _, errors = call(main, tmp_path, argument)

    assert (code, errors) == (1, f"error: Hydra cannot read {argument}; quote its value: {written}")
    (quoted,) = shlex.split(written)
    call(main, tmp_path, quoted)
    assert ran == [os.path.expanduser(argument.partition("=")[2])]  # noqa: PTH111, Path drops surrogates


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("table3", "table3 is not a setting: settings are written key=value"),
        ("out = x", "'out = x' is not a setting"),
        ("größe=3", "größe is not the name of a setting"),
        ("runs=[a", "close its brackets and quotes, or quote its value"),
        ('out="x', "close its brackets and quotes, or quote its value"),
    ],
)
def test_what_cannot_be_quoted_right_is_explained(argument: str, said: str, tmp_path: Path) -> None:
    code, _, errors = call(main, tmp_path, argument)

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


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("nothing=3", ["nothing", "--cfg job"]),
        ("runz=3", ["runz", "the nearest is runs"]),
        ("rnus=3", ["rnus", "the nearest is runs"]),
        ("hydra.rnu.dir=3", ["hydra.rnu", "the nearest is hydra.run"]),
        ("+runz=3", ["runz=3"]),
    ],
)
def test_an_unknown_setting_is_one_line_with_the_nearest(
    argument: str, named: list[str], tmp_path: Path
) -> None:
    code, _, errors = call(main, tmp_path, argument)

    assert (code, ran) == (1, [])
    assert errors.startswith("error: ")
    assert "\n" not in errors
    assert all(text in errors for text in named)


CONFIGURATION = OmegaConf.create(
    {
        "registry": None,
        "backbone": {"_target_": "my_nets.backbone", "last_stride": 1},
        "recipe": {"loss": {"margin": 0.3}},
    }
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("runs", "runs= is now registry="),
        ("agg.last_stride", "agg.last_stride= is now backbone.last_stride="),
        ("margin", "the nearest is recipe.loss.margin"),
        ("backbone.depth", "to pass it on to my_nets.backbone, write +backbone.depth="),
        ("bakbone", "the nearest is backbone;"),
    ],
)
def test_what_was_meant_is_named(name: str, said: str) -> None:
    assert said in unknown(name, CONFIGURATION)


def test_an_old_name_of_another_command_is_no_old_name_here() -> None:
    assert "is now" not in unknown("runs", OmegaConf.create({"out": "here"}))
