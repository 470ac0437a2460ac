"""Which code a configuration may name."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from reid_cosam.command_line.trust import Refused, check
from tests.support.in_process import call
from tests.support.report_command import main, ran


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


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
    code, _, errors = call(main, tmp_path, *arguments)

    assert (code, ran) == (1, [])
    assert errors.startswith("error: ")
    assert name in errors
    assert not (tmp_path / "ran").exists()


def test_pickled_configurations_are_never_read(tmp_path: Path) -> None:
    for argument in ("--experimental-rerun=config.pickle", "--exp"):
        code, _, errors = call(main, tmp_path, argument, "config.pickle")
        assert (code, ran) == (1, [])
        assert argument in errors


def test_environment_variables_come_from_the_command_line_alone(tmp_path: Path) -> None:
    composed = OmegaConf.create(
        {"hydra": {"job": {"env_set": {"LD_PRELOAD": "x.so"}}, "overrides": {"hydra": []}}}
    )
    with pytest.raises(Refused, match="LD_PRELOAD"):
        check(composed)

    assert call(main, tmp_path, "+hydra.job.env_set.OMP_NUM_THREADS=1", "out=there")[0] == 0
    assert ran == ["there"]
