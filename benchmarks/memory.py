"""Peak memory of evaluating and training against the number of tracklets.

    python -m benchmarks.memory

Every figure is of a fresh process on a CPU, without data loading processes, so that its resident peak
(`getrusage`) is all there is (`benchmarks/resident.py`). Evaluation (64x32 pixels, 4 frames a tracklet, one
query in six) first runs on 300 tracklets; what the wanted number needs more is shown. Training runs two steps
at the paper's size: 32 clips of 4 frames of 256x128 pixels.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from benchmarks import command
from benchmarks.command import Benchmark, Options
from benchmarks.records import Record

EVALUATED = {"check": (400,), "quick": (2000,), "full": (500, 2000, 12000)}
TRAINED = {"check": None, "quick": ("se_resnet_tiny", 500, 8000), "full": ("se_resnet50", 500, 8000)}
NOTES = """\
- `describing`: what the peak grows while snippets are described, beside what must grow then: the lists, and
  the descriptors (n x 256 float32, three times: sums, zeros to start from, and the sums of before).
- `all`: the same with the ranking, beside all that and the distances (float32). Distances and ranking are
  computed in pieces of some 100 MB. Both references are floors, of what no program can do without: 1x is the
  most, and for few tracklets what does not grow with them is nearly all.
- `training`: the peak beside the peak with few tracklets.
"""


def measure(options: Options, advance: Callable[[], None]) -> Sequence[Record]:
    records = []
    for count in EVALUATED[options.size]:
        found = case(["evaluate", str(count)], options.threads)
        owed = found["descriptors"] + found["lists"]
        name = f"{found['queries']} x {count - found['queries']}"
        records += [
            _record(f"describing, {name}", found["describing"], owed, "lists and descriptors"),
            _record(f"all, {name}", found["all"], owed + found["distances"], "these and distances"),
        ]
        advance()
    trained = TRAINED[options.size]
    if trained is not None:
        backbone, few, many = trained
        peaks = [case(["train", backbone, str(count)], options.threads)["peak"] for count in (few, many)]
        records.append(
            _record(f"training, {backbone}, {many} tracklets", peaks[1], peaks[0], f"{few} tracklets")
        )
        advance()
    return records


def _record(name: str, ours: int, reference: int, against: str) -> Record:
    return Record(name, ours / 1e6, reference / 1e6, against, "MB", "less")


def case(arguments: Sequence[str], threads: int) -> dict[str, int]:
    """Runs one case in a process of its own."""
    program = [sys.executable, "-W", "ignore", "-m", "benchmarks.resident", *arguments]
    done = subprocess.run(
        program,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


BENCHMARK = Benchmark(
    "memory",
    "Memory and the number of tracklets",
    NOTES,
    parts=lambda options: len(EVALUATED[options.size]) + (TRAINED[options.size] is not None),
    measure=measure,
    reads=("threads",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
