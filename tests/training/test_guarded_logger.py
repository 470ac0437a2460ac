"""What fails while it logs is said once, and training goes on."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytorch_lightning.loggers import CSVLogger, Logger

from reid_cosam.training.loggers import GuardedLogger


class FailingLogger(Logger):
    """Fails from the second line on, and counts how often it is called."""

    name = version = "failing"

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:  # noqa: ARG002
        self.calls += 1
        if self.calls > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def log_hyperparams(self, *_: object, **__: object) -> None:
        self.calls += 1

    def save(self) -> None:
        self.calls += 1


def test_the_first_failure_is_said_in_one_line_and_nothing_is_logged_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failing = FailingLogger()
    guarded = GuardedLogger(failing, tmp_path / "record")

    for step in range(4):
        guarded.log_metrics({"loss": 1.0}, step)
        guarded.log_hyperparams({})
    guarded.save()
    guarded.finish("finished")

    assert failing.calls == 3  # a line, the settings, and the line that failed
    (message,) = caplog.messages
    assert f"{tmp_path}/record" in message
    assert os.strerror(errno.ENOSPC) in message


def test_ctrl_c_is_no_failure_of_a_logger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        GuardedLogger(FailingLogger(), tmp_path).attempt(interrupt)
    assert not caplog.messages


def test_a_full_disk_ends_the_curves_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "curves").mkdir()
    curves = tmp_path / "curves" / "metrics.csv"
    guarded = GuardedLogger(CSVLogger(tmp_path, name="curves", version=""), curves)
    guarded.log_metrics({"loss": 0.5}, step=1)
    guarded.save()
    curves.unlink()
    curves.symlink_to("/dev/full")

    for step in (2, 3):
        guarded.log_metrics({"loss": 0.5}, step)
        guarded.save()
    guarded.finish("finished")

    (message,) = caplog.messages
    assert message.startswith(f"{curves} ends here")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file grows beyond `size` bytes: as on a full disk, the write that would is cut."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_half_line_is_left_of_curves_that_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    curves = tmp_path / "curves" / "metrics.csv"
    guarded = GuardedLogger(CSVLogger(tmp_path, name="curves", version=""), curves)
    with files_of_at_most(30):  # the head has 11 bytes, each line 9
        for step in (111, 222, 333):
            guarded.log_metrics({"loss": 0.5}, step)
            guarded.save()

    assert curves.read_text().splitlines() == ["loss,step", "0.5,111", "0.5,222"]
    assert len(caplog.messages) == 1
