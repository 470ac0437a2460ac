"""The demo and the runs of the small tables on a CPU, beside those of an earlier commit.

    python -m benchmarks.demo before=COMMIT [--size quick]

Whole commands, from the start of Python to the last picture, on data that are rendered before. The earlier
commit is checked out beside this one and runs with the same packages.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import command
from benchmarks.command import Benchmark, Options
from benchmarks.records import Record

ROOT = Path(__file__).parents[1]
ITERATIONS = {"check": 1, "quick": 100, "full": 300}
# Of a table's runs two go at a time, with one thread each.
SMALL = ("data.height=64", "data.width=32", "data.workers=0")
AIM = 2.0
NOTES = """\
- `demo`: `experiment=quickstart`, {iterations} iterations. `two runs of a table`: two seeds side by side, one
  thread each, images of 64x32. Reference: the same commands of commit {commit}.
- `mAP`: what they reached. A seed is worth about 1.5 points either way.
"""


def measure(options: Options, advance: Callable[[], None]) -> Sequence[Record]:
    if options.before is None:
        raise ValueError("name the commit to compare with: before=COMMIT")
    steps = ITERATIONS[options.size]
    with tempfile.TemporaryDirectory() as folder, checked_out(options.before, Path(folder)) as tree:
        trees = {"before": tree, "now": ROOT}
        for name, source in trees.items():  # renders the data
            _wait([_start(source, Path(folder) / name / "first" / "0", 1, 2, 0)])
        advance()
        found: dict[str, tuple[float, float]] = {}
        for name, source in trees.items():
            found[f"demo, {name}"] = _timed(source, Path(folder) / name / "demo", steps, 2, [0])
            advance()
            found[f"table, {name}"] = _timed(source, Path(folder) / name / "table", steps, 1, [0, 1], *SMALL)
            advance()
    aim = AIM if options.size == "full" else None
    return [
        record
        for name, title in (("demo", "demo"), ("table", "two runs of a table"))
        for record in _records(title, found[f"{name}, now"], found[f"{name}, before"], options.before, aim)
    ]


def _records(
    title: str, now: tuple[float, float], before: tuple[float, float], commit: str, aim: float | None
) -> list[Record]:
    return [
        Record(title, now[0], before[0], commit, "s", "less", aim),
        Record(f"{title}, mAP", 100 * now[1], 100 * before[1], commit, "%", "more"),
    ]


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """A checkout of the commit, which git forgets again."""
    tree = folder / "tree"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
    try:
        yield tree
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _timed(
    source: Path, folder: Path, iterations: int, threads: int, seeds: Sequence[int], *more: str
) -> tuple[float, float]:
    """Seconds of the commands side by side, and the first seed's mAP."""
    start = time.perf_counter()
    _wait([_start(source, folder / str(seed), iterations, threads, seed, *more) for seed in seeds])
    seconds = time.perf_counter() - start
    (metrics,) = (folder / str(seeds[0])).rglob("metrics.json")
    return seconds, float(json.loads(metrics.read_text())["mAP"])


def _start(
    source: Path, folder: Path, iterations: int, threads: int, seed: int, *more: str
) -> "subprocess.Popen[str]":
    folder.mkdir(parents=True)
    program = [sys.executable, "-m", "reid_cosam.train", "experiment=quickstart", "logger=csv", *more]
    program += [f"recipe.max_steps={iterations}", f"seed={seed}", f"data.root={folder.parents[2] / 'data'}"]
    environment = os.environ | {"PYTHONPATH": str(source / "src"), "OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(
        program, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _wait(commands: Sequence["subprocess.Popen[str]"]) -> None:
    for one in commands:
        _, errors = one.communicate()
        if one.returncode:
            raise RuntimeError(f"{' '.join(map(str, one.args))} failed: {errors[-2000:]}")  # type: ignore[arg-type]


BENCHMARK = Benchmark(
    "demo",
    "The demo, before and now",
    lambda options: NOTES.format(iterations=ITERATIONS[options.size], commit=options.before),
    parts=lambda _: 5,
    measure=measure,
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
