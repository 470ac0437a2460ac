"""What is chosen by the machine where the settings leave it open."""

from pathlib import Path

import pytest

from reid_cosam import assembly
from reid_cosam.assembly import devices
from tests.test_config import settings

LONG = "trainer.max_steps=20000"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that computes in bfloat16, on a machine with a C compiler."""
    monkeypatch.setattr(devices, "runs_on_gpu", lambda _: True)
    monkeypatch.setattr(devices, "precision", lambda _: "bf16-mixed")
    monkeypatch.setattr(devices, "_has_compiler", lambda: True)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([LONG], True),
        (["trainer.max_steps=19999"], False),
        ([LONG, "trainer.devices=2"], False),
        ([LONG, "trainer.num_nodes=2"], False),
        ([LONG, "trainer.compile=false"], False),
        (["trainer.max_steps=1", "trainer.compile=true"], True),
    ],
)
def test_long_runs_on_one_gpu_are_compiled(overrides: list[str], expected: bool) -> None:
    assert assembly.compiles(settings(*overrides).trainer) is expected


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("what", "instead"), [("precision", "32-true"), ("_has_compiler", False)])
def test_not_where_something_is_missing(what: str, instead: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, what, lambda *_: instead)

    assert not assembly.compiles(settings(LONG).trainer)


def test_nothing_is_compiled_for_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "precision", lambda _: "bf16-mixed")
    monkeypatch.setattr(devices, "_has_compiler", lambda: True)

    assert not assembly.compiles(settings(LONG, "trainer=cpu").trainer)


@pytest.mark.parametrize(("named", "there"), [("/no/such/compiler", False), ("sh", True)])
def test_a_compiler_may_be_named(named: str, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", named)
    monkeypatch.setattr(devices, "find_spec", lambda _: object())
    monkeypatch.setattr(Path, "is_file", lambda _: True)  # Python's headers

    assert devices._has_compiler() is there
