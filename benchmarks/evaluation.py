"""Scoring and re-ranking at the size of MARS, against plain NumPy.

    python -m benchmarks.evaluation [--threads 2]

Results must agree first, to the tolerances in PARTS. Every measurement is a process of its own, ours before
and after the plain version, so that other work on the machine slows both. Memory is the peak of the process'
resident size, which Linux tells: it counts what NumPy and MKL take too.
"""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import command, evaluation_work
from benchmarks.command import Benchmark, Options
from benchmarks.evaluation_work import Work
from benchmarks.mars_sized import Size, draw
from benchmarks.records import Record

SIZES = {
    "check": Size(40, 186, 12, 65, 32),
    "quick": Size(660, 3110, 208, 1082, 2048),
    "full": Size(1980, 9330, 626, 3248, 2048),
}
NOTES = """\
{queries} queries, {gallery} in the gallery, on a CPU.

- `distances`: squared L2 of queries and gallery; the plain version is SciPy's `cdist`, on one thread. Memory:
  the peak beyond the descriptors.
- `scoring`: mAP, CMC and valid queries of a distance matrix under protocol `released`; the plain version goes
  query by query, as the released evaluation program. Memory: the peak beyond the distance matrix.
- `re-ranking`: from descriptors to k-reciprocal distances (k1 = 20, k2 = 6, lambda = 0.3); the plain version
  takes `cdist` and goes row by row, as the released program, on one thread. Memory: the peak in all, with
  Python, torch and the descriptors.
- Ours is the median of all runs, the plain version one run. `difference`: the largest between the two
  results, as a share of the largest number in them, beside the tolerance.
"""


class Part(NamedTuple):
    """What is compared. `ours` and `plain` read their input and return the work to be measured."""

    name: str
    ours: Callable[[Path], Work]
    plain: Callable[[Path], Work]
    runs: int
    tolerance: float
    input_counts: bool
    aim_faster: float | None = None
    aim_bytes: float | None = None


PARTS = (
    Part("distances", evaluation_work.our_distances, evaluation_work.plain_distances, 3, 1e-6, False),
    Part("scoring", evaluation_work.our_scores, evaluation_work.plain_scores, 5, 1e-12, False, 60, 1e9),
    Part("re-ranking", evaluation_work.our_reranking, evaluation_work.plain_reranking, 1, 1e-5, True, 8, 3e9),
)


def measure(options: Options, advance: Callable[[], None]) -> Sequence[Record]:
    with tempfile.TemporaryDirectory() as name:
        _in_a_process(draw, Path(name), SIZES[options.size])
        advance()
        return [record for part in PARTS for record in compare(part, Path(name), options, advance)]


def compare(part: Part, folder: Path, options: Options, advance: Callable[[], None]) -> list[Record]:
    """Ours, the plain version and ours again, each in a process of its own."""
    measured = []
    for prepare, runs in ((part.ours, part.runs), (part.plain, 1), (part.ours, part.runs)):
        run = evaluation_work.run
        measured.append(_in_a_process(run, prepare, folder, options.threads, runs, part.input_counts))
        advance()
    (before, our_bytes), (plain, plain_bytes), (after, _) = measured
    ours, theirs = (np.load(folder / f"{prepare.__name__}.npy") for prepare in (part.ours, part.plain))
    difference = float(np.abs(ours - theirs).max() / theirs.max())
    assert difference <= part.tolerance, f"{part.name}: ours and plain differ by {difference:.1e}"
    full = options.size == "full"
    seconds, gigabytes = statistics.median(before + after), our_bytes / 1e9
    records = [
        Record(
            f"{part.name}: time", seconds, plain[0], "plain", "s", "less", part.aim_faster if full else None
        ),
        Record(f"{part.name}: memory", gigabytes, plain_bytes / 1e9, "plain", "GB", "less"),
        Record(f"{part.name}: difference", difference, part.tolerance, "tolerance", "", "share"),
    ]
    if part.aim_bytes and full:
        allowed = part.aim_bytes / 1e9
        records.append(Record(f"{part.name}: memory", gigabytes, allowed, "the aim", "GB", "share", 1))
    return records


def _in_a_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


BENCHMARK = Benchmark(
    "evaluation",
    "Scoring and re-ranking",
    lambda options: NOTES.format(queries=SIZES[options.size].queries, gallery=SIZES[options.size].gallery),
    parts=lambda _: 1 + 3 * len(PARTS),
    measure=measure,
    reads=("threads",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
