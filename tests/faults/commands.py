"""Starts commands that are then disturbed, and waits for what they do."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

# Settings of a run of seconds; the fixture `walkers` says where its data lie.
SMALL_RUN = (
    "experiment=quickstart",
    "backbone=resnet_tiny",
    "data.size=small",
    "data.height=64",
    "data.width=32",
    "data.workers=0",
    "recipe.sampling.identities=2",
    "recipe.sampling.tracklets=2",
    "trainer.checkpoint_every=10",
    "trainer.log_every=1",
    "trainer.accelerator=cpu",
    "logger=none",
)
TWO_RANKS = ("trainer=ddp", "trainer.devices=2", "trainer.accelerator=cpu")


class Started:
    """A command under way in a folder, in a session of its own."""

    def __init__(self, process: subprocess.Popen[bytes], stdout: Path, stderr: Path) -> None:
        self.process, self._stdout, self._stderr = process, stdout, stderr

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._stdout.read_text(errors="replace")

    @property
    def errors(self) -> str:
        return self._stderr.read_text(errors="replace")

    def until(self, condition: Callable[[], bool] | str, seconds: float = 120) -> None:
        """Waits for a condition, or until a text was printed; fails if the command ends before."""

        def reached() -> bool:
            return condition in self.output + self.errors if isinstance(condition, str) else condition()

        deadline = time.monotonic() + seconds
        while not reached():
            ended = self.process.poll() is not None and not reached()
            assert not ended, f"ended in {self.process.returncode}:\n{self.output}\n{self.errors}"
            assert time.monotonic() < deadline, f"waited {seconds} s:\n{self.output}\n{self.errors}"
            time.sleep(0.02)

    def send(self, number: int) -> None:
        """Sends a signal to the command alone."""
        self.process.send_signal(number)

    def send_to_all(self, number: int) -> None:
        """Sends a signal to the command and what it started, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self, seconds: float = 120) -> int:
        """Waits for its end; returns the exit status."""
        return self.process.wait(timeout=seconds)


@contextmanager
def started(
    verb: str, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[Started]:
    """`python -m reid_cosam.<verb>` started in `folder`; what is left of it is killed on leaving."""
    variables = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
    number = len(list(folder.glob("stdout-*")))
    files = folder / f"stdout-{number}", folder / f"stderr-{number}"
    with files[0].open("wb") as stdout, files[1].open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-um", f"reid_cosam.{verb}", *arguments],
            cwd=folder,
            env={"OMP_NUM_THREADS": "1"} | variables | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        yield Started(process, *files)
    finally:
        process.kill()
        process.wait()


def finished(verb: str, folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Started:
    """`started`, and waited for."""
    with started(verb, folder, *arguments, env=env) as command:
        command.end(600)
    return command


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes that work in `folder`: whatever a command starts does so."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def strays(folder: Path) -> list[Path]:
    """Temporary files that a command left."""
    return sorted(path for path in folder.rglob(".*.tmp"))


def metrics(folder: Path) -> dict[str, Any]:
    """The only `metrics.json` under a folder."""
    (path,) = folder.rglob("metrics.json")
    content: dict[str, Any] = json.loads(path.read_text())
    return content
