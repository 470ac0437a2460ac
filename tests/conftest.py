"""Checks every array shape and type that the package's signatures promise, while the tests run."""

import jaxtyping

jaxtyping.install_import_hook("reid_cosam", "beartype.beartype")

import signal  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

from reid_cosam import interruption  # noqa: E402
from reid_cosam.startup import let_threads_sleep  # noqa: E402

let_threads_sleep()  # before torch is imported

from reid_cosam.data.readers.mars import Mars  # noqa: E402
from tests.support.tree import write_mars_tree  # noqa: E402


@pytest.fixture(autouse=True)
def _signals_are_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands that run in this process handle signals, and remember them."""
    monkeypatch.setattr(interruption, "_state", interruption._State())
    before = {number: signal.getsignal(number) for number in interruption.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def unchecked_types() -> Iterator[None]:
    """As outside of tests: the package's own messages, not the checker's."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def any_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a small copy of MARS pass."""
    monkeypatch.setattr(Mars, "counts", {})


@pytest.fixture(scope="session")
def small_mars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(scope="session")
def trained_checkpoint(small_mars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last checkpoint of a run on `small_mars`, in the run's folder; tests leave both as they are."""
    from tests.support.evaluated import train_checkpoint

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mars, "counts", {})
        return train_checkpoint(small_mars, tmp_path_factory.mktemp("trained"))
