"""How long commands take before they do anything.

    python -m benchmarks.startup

Fresh processes in turn, the median of several, files warm in the page cache.
"""

import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import torch

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import medians, repeated
from benchmarks.harness.records import Record

REPETITIONS = {"check": 1, "quick": 3, "full": 9}
REFERENCE = ("-c", "import torch, torchvision, pytorch_lightning, hydra")
COMMANDS = {
    "import reid_cosam": ("-c", "import reid_cosam"),
    "import reid_cosam.train": ("-c", "import reid_cosam.train"),
    "train --help": ("-m", "reid_cosam.train", "--help"),
    "evaluate --help": ("-m", "reid_cosam.evaluate", "--help"),
    "verify --help": ("-m", "reid_cosam.verify", "--help"),
}
NOTES = """\
- Against a process that imports torch, torchvision, Lightning and Hydra, and does nothing: the least that a
  command can take, so that 1x is the most; `import reid_cosam` by itself needs none of them.
"""


def measure(options: Options) -> Sequence[Record]:
    steps = [repeated(partial(_run, arguments)) for arguments in (REFERENCE, *COMMANDS.values())]
    reference, *ours = medians(steps, torch.device("cpu"), 1, REPETITIONS[options.size])
    return [
        Record(name, seconds, reference, "bare imports", "s", "less")
        for name, seconds in zip(COMMANDS, ours, strict=True)
    ]


def _run(arguments: Sequence[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


BENCHMARK = Benchmark("startup", "Start-up", NOTES, measure)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
