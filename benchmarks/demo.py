"""The demo and a small sweep on a CPU, beside those of an earlier commit.

    python -m benchmarks.demo before=COMMIT [--size quick]

Whole commands, from the start of Python to the last picture, on data that are rendered before. The earlier
commit is checked out beside this one and runs with the same packages.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import command
from benchmarks.harness.checkout import ROOT, checked_out
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.records import Record

# Iterations of a run, and runs of the sweep. `make demo` and `make tables-synthetic` have 500 iterations.
SIZES = {"check": (1, 2), "quick": (100, 2), "full": (500, 4)}
ROUNDS = {"check": 1, "quick": 1, "full": 3}  # of the demo, in turn
AIM = 2.0  # of the commands as users give them; `side by side` shows what of it the code alone does
AIMED = ("demo", "a small sweep")
# How threads wait: importing reid_cosam set it for this process, and each commit sets its own.
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
NOTES = """\
- `demo`: `experiment=quickstart logger=csv`, {iterations} iterations, two threads; the median of {rounds} in
  turn. It had a loader process of its own, and has none now.
- `a small sweep`: {runs} seeds of it, on images of 64x32 as in the small tables. In commit {commit} a sweep
  had its runs one after the other on two threads. Now it has them side by side on one thread each, by
  `launcher=joblib hydra.launcher.n_jobs=2 data.workers=0`, as `make tables-synthetic` does.
- `side by side`: two of these runs by themselves, side by side on one thread each in both commits.
- `mAP`: what they reached, the mean of the runs. Rounding otherwise moves it as another seed does, by a point
  or two ([seeds](../experiments/cosam_effect/README.md)).
"""


class Work(NamedTuple):
    """Commands that go side by side, by what each adds to the demo's, and the threads of each."""

    commands: Sequence[Sequence[str]]
    threads: int


SMALL = ("data.height=64", "data.width=32")
TABLE = ("launcher=joblib", "hydra.launcher.n_jobs=2", "data.workers=0")
BY_SEED = Work([[f"seed={seed}", *SMALL, "data.workers=0"] for seed in (0, 1)], 1)


def works(runs: int) -> Mapping[str, Mapping[str, Work]]:
    """What is timed in the earlier commit, and in this one."""
    sweep = ["--multirun", f"seed=range({runs})", *SMALL]
    return {
        "demo": {"before": Work([["seed=0"]], 2), "now": Work([["seed=0"]], 2)},
        "a small sweep": {"before": Work([sweep], 2), "now": Work([[*sweep, *TABLE]], 1)},
        "side by side": {"before": BY_SEED, "now": BY_SEED},
    }


def measure(options: Options) -> Iterator[Record]:
    if options.before is None:
        raise ValueError("name the commit to compare with: before=COMMIT")
    steps, runs = SIZES[options.size]
    with tempfile.TemporaryDirectory() as folder, checked_out(options.before, Path(folder)) as tree:
        trees = {"before": tree, "now": ROOT}
        for name, source in trees.items():
            _timed(source, Path(folder) / name, "rendering", 1, works(runs)["demo"][name])
        for title, by_commit in works(runs).items():
            found: dict[str, list[tuple[float, float]]] = {"before": [], "now": []}
            for number in range(ROUNDS[options.size] if title == "demo" else 1):
                for name, source in trees.items():
                    place = Path(folder) / name
                    found[name].append(_timed(source, place, f"{title} {number}", steps, by_commit[name]))
            (before, old_map), (now, new_map) = (
                map(statistics.median, zip(*one, strict=True)) for one in found.values()
            )
            aim = AIM if options.size == "full" and title in AIMED else None
            yield Record(title, now, before, options.before, "s", "less", aim)
            yield Record(f"{title}, mAP", 100 * new_map, 100 * old_map, options.before, "%", "more")


def _timed(source: Path, folder: Path, title: str, iterations: int, work: Work) -> tuple[float, float]:
    """Seconds of the commands, and the mean mAP of their runs."""
    start = time.perf_counter()
    common = [f"recipe.max_steps={iterations}", f"data.root={folder / 'data'}"]
    places = [folder / title / str(number) for number in range(len(work.commands))]
    started = [
        _start(source, place, work.threads, [*more, *common])
        for place, more in zip(places, work.commands, strict=True)
    ]
    try:
        for one in started:
            _, errors = one.communicate()
            if one.returncode:
                raise RuntimeError(f"{' '.join(map(str, one.args))} failed: {errors[-2000:]}")  # type: ignore[arg-type]
    finally:
        for one in started:  # where this is interrupted
            one.kill()
    seconds = time.perf_counter() - start
    reached = [json.loads(path.read_text())["mAP"] for path in (folder / title).rglob("metrics.json")]
    return seconds, statistics.mean(reached)


def _start(source: Path, folder: Path, threads: int, more: Sequence[str]) -> "subprocess.Popen[str]":
    folder.mkdir(parents=True)
    program = [sys.executable, "-m", "reid_cosam.train", *more, "experiment=quickstart", "logger=csv"]
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment |= {"PYTHONPATH": str(source / "src"), "OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(
        program, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _notes(options: Options) -> str:
    iterations, runs = SIZES[options.size]
    rounds = ROUNDS[options.size]
    return NOTES.format(iterations=iterations, runs=runs, commit=options.before, rounds=rounds)


BENCHMARK = Benchmark(
    "demo",
    "The demo, before and now",
    _notes,
    measure,
    reads=("before",),
    needs=("before",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
