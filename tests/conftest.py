"""Checks every array shape and type that the package's signatures promise, while the tests run."""

from jaxtyping import install_import_hook

install_import_hook("reid_cosam", "beartype.beartype")

import signal  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import pytest  # noqa: E402

from reid_cosam import interruption  # noqa: E402
from reid_cosam.startup import let_threads_sleep  # noqa: E402

let_threads_sleep()  # before torch is imported


@pytest.fixture(autouse=True)
def _signals_are_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands that run in this process handle signals, and remember them."""
    monkeypatch.setattr(interruption, "_state", interruption._State())
    before = {number: signal.getsignal(number) for number in interruption.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
