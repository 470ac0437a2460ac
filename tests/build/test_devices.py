"""What is chosen by the machine where the settings leave it open."""

from pathlib import Path

import pytest

from reid_cosam import build
from reid_cosam.build import devices
from tests.test_settings import settings

LONG = "trainer.max_steps=20000"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that computes in bfloat16, on a machine with a C compiler."""
    monkeypatch.setattr(devices, "runs_on_gpu", lambda _: True)
    monkeypatch.setattr(devices, "precision", lambda _: "bf16-mixed")
    monkeypatch.setattr(devices, "_lacking", lambda on_gpu: [])  # noqa: ARG005


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
    assert build.compiles(settings(*overrides).trainer) is expected


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("what", "instead"), [("precision", "32-true"), ("_lacking", ["Triton"])])
def test_not_where_something_is_missing(what: str, instead: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, what, lambda *_, **__: instead)

    assert not build.compiles(settings(LONG).trainer)


def test_nothing_is_compiled_for_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "precision", lambda _: "bf16-mixed")
    monkeypatch.setattr(devices, "_lacking", lambda on_gpu: [])  # noqa: ARG005

    assert not build.compiles(settings(LONG, "trainer=cpu").trainer)


@pytest.mark.parametrize(
    ("on_gpu", "variable", "value", "lacking"),
    [
        (True, "CC", "sh", []),
        (True, "CC", "/no/such/cc", ["a compiler (/no/such/cc; CC names another)"]),
        (False, "CXX", "sh", []),
        (False, "CXX", "/no/such/c++", ["a compiler (/no/such/c++; CXX names another)"]),
        (False, "PATH", "", [f"a compiler ({devices._CXX}; CXX names another)"]),
    ],
)
def test_what_compiling_needs_is_looked_for(
    on_gpu: bool, variable: str, value: str, lacking: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(devices, "find_spec", lambda _: object())
    monkeypatch.setattr(Path, "is_file", lambda _: True)  # Python's headers

    assert devices._lacking(on_gpu) == lacking


def test_who_asks_for_compiling_hears_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_lacking", lambda on_gpu: [] if on_gpu else ["Python's headers"])

    build.check_compiler(settings("trainer=cpu").trainer)
    with pytest.raises(
        ValueError, match=r"^trainer\.compile=true needs Python's headers: install it, or leave"
    ):
        build.check_compiler(settings("trainer=cpu", "trainer.compile=true").trainer)
