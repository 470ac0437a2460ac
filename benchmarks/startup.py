"""How much work commands do before they do anything of their own.

    python -m benchmarks.startup [before=COMMIT] [--size quick]

CPU seconds of fresh processes in turn, the median of several, so that other work on the machine matters less.
With `before=COMMIT` also against the same commands of an earlier commit, which is checked out beside this one
and runs with the same packages.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import command
from benchmarks.harness.checkout import ROOT, checked_out
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.records import Record

REPETITIONS = {"check": 1, "quick": 3, "full": 9}
BARE = ("-c", "import torch, torchvision, pytorch_lightning, hydra")
COMMANDS = {
    "import reid_cosam": ("-c", "import reid_cosam"),
    "import reid_cosam.train": ("-c", "import reid_cosam.train"),
    "overview": ("-m", "reid_cosam"),
    "train --help": ("-m", "reid_cosam", "train", "--help"),
    "evaluate --help": ("-m", "reid_cosam", "evaluate", "--help"),
    "verify --help": ("-m", "reid_cosam", "verify", "--help"),
}
NOTES = """\
- CPU seconds, user's and system's. `bare imports`: a process that imports torch, torchvision, Lightning and
  Hydra, and does nothing; a command that trains cannot take less. `overview`: `python -m reid_cosam`.
"""
NOTE_OF_BEFORE = """\
- `{commit}`: the same in that commit, where `train --help` was `python -m reid_cosam.train --help`, and there
  was no overview.
"""


class Run(NamedTuple):
    """A command, and the checkout whose code it runs."""

    source: Path
    arguments: Sequence[str]


def measure(options: Options) -> Iterator[Record]:
    runs = {"bare imports": {"": Run(ROOT, BARE)}}
    runs["now"] = {name: Run(ROOT, arguments) for name, arguments in COMMANDS.items()}
    with ExitStack() as stack:
        if options.before is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            tree = stack.enter_context(checked_out(options.before, folder))
            runs["before"] = {name: Run(tree, arguments) for name, arguments in _modules().items()}
        seconds = _medians([run for one in runs.values() for run in one.values()], options)
    bare = seconds[runs["bare imports"][""]]
    for name, run in runs["now"].items():
        yield Record(name, seconds[run], bare, "bare imports", "s", "less")
        if options.before is not None and name in runs["before"]:
            before = seconds[runs["before"][name]]
            yield Record(name, seconds[run], before, options.before, "s", "less")


def _modules() -> dict[str, tuple[str, ...]]:
    """The commands of commits that had a module for each verb and no overview."""
    return {
        name: ("-m", f"reid_cosam.{arguments[2]}", *arguments[3:]) if arguments[0] == "-m" else arguments
        for name, arguments in COMMANDS.items()
        if name != "overview"
    }


def _medians(runs: Sequence[Run], options: Options) -> dict[Run, float]:
    """CPU seconds of each, taken in turn after one round that fills the page cache and compiles modules."""
    rounds = [[_cpu_seconds(run) for run in runs] for _ in range(1 + REPETITIONS[options.size])]
    return dict(zip(runs, map(statistics.median, zip(*rounds[1:], strict=True)), strict=True))


def _cpu_seconds(run: Run) -> float:
    environment = os.environ | {"PYTHONPATH": str(run.source / "src")}
    start = _of_children()
    subprocess.run([sys.executable, *run.arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    return _of_children() - start


def _of_children() -> float:
    """CPU seconds of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _notes(options: Options) -> str:
    return NOTES + (NOTE_OF_BEFORE.format(commit=options.before) if options.before else "")


BENCHMARK = Benchmark("startup", "Start-up", _notes, measure, reads=("before",))

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
