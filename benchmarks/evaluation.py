"""Scoring and re-ranking at the size of MARS, against plain NumPy.

    python -m benchmarks.evaluation [--threads 2]

Results must agree first, to the tolerances in PARTS. Every measurement is a process of its own, ours before
and after the plain version, so that other work on the machine slows both. Memory is the peak of the process'
resident size, which counts what NumPy and MKL take too.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.distance import cdist

from benchmarks.harness import command
from benchmarks.harness.apart import in_a_process, resident_peak
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.mars_sized import Size, draw
from benchmarks.harness.records import Record
from benchmarks.references import evaluation as plain
from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import euclidean_distances

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

Array = npt.NDArray[Any]
Work = Callable[[], Array]


def our_distances(folder: Path) -> Work:
    query, gallery = map(torch.from_numpy, _descriptors(folder))
    return lambda: euclidean_distances(query, gallery).numpy()


def plain_distances(folder: Path) -> Work:
    query, gallery = _descriptors(folder)
    return lambda: cdist(query, gallery, "sqeuclidean").astype(np.float32)


def our_scores(folder: Path) -> Work:
    arrays = _scored(folder)

    def work() -> Array:
        scores = score(*arrays)
        return np.array([scores.mean_ap, scores.valid_queries / len(arrays[0]), *scores.cmc])

    return work


def plain_scores(folder: Path) -> Work:
    arrays = _scored(folder)

    def work() -> Array:
        mean_ap, cmc, valid_queries = plain.score(*arrays)
        return np.array([mean_ap, valid_queries / len(arrays[0]), *cmc])

    return work


def our_reranking(folder: Path) -> Work:
    query, gallery = map(torch.from_numpy, _descriptors(folder))
    return lambda: k_reciprocal(query, gallery).numpy()


def plain_reranking(folder: Path) -> Work:
    query, gallery = _descriptors(folder)
    return lambda: plain.k_reciprocal(query, gallery)


def _descriptors(folder: Path) -> tuple[Array, Array]:
    return np.load(folder / "query.npy"), np.load(folder / "gallery.npy")


def _scored(folder: Path) -> tuple[Array, Array, Array, Array, Array]:
    query_pids, query_camids, gallery_pids, gallery_camids = np.load(folder / "ids.npz").values()
    return np.load(folder / "distances.npy"), query_pids, query_camids, gallery_pids, gallery_camids


class Part(NamedTuple):
    """What is compared. `ours` and `plain` read their input and return the work to be measured."""

    name: str
    ours: Callable[[Path], Work]
    plain: Callable[[Path], Work]
    runs: int
    tolerance: float
    input_counts: bool
    aim_faster: float | None = None
    aim_gigabytes: float | None = None


PARTS = (
    Part("distances", our_distances, plain_distances, 3, 1e-6, False),
    Part("scoring", our_scores, plain_scores, 5, 1e-12, False, 60, 1),
    Part("re-ranking", our_reranking, plain_reranking, 1, 1e-5, True, 8, 3),
)


def measure(options: Options) -> Iterator[Record]:
    with tempfile.TemporaryDirectory() as name:
        in_a_process(draw, Path(name), SIZES[options.size])
        for part in PARTS:
            yield from compare(part, Path(name), options)


def compare(part: Part, folder: Path, options: Options) -> Iterator[Record]:
    """Ours, the plain version and ours again, each in a process of its own."""
    (before, our_bytes), (plain_seconds, plain_bytes), (after, _) = (
        in_a_process(run, prepare, folder, options.threads, runs, part.input_counts)
        for prepare, runs in ((part.ours, part.runs), (part.plain, 1), (part.ours, part.runs))
    )
    ours, theirs = (np.load(folder / f"{prepare.__name__}.npy") for prepare in (part.ours, part.plain))
    difference = float(np.abs(ours - theirs).max() / theirs.max())
    assert difference <= part.tolerance, f"{part.name}: ours and plain differ by {difference:.1e}"
    full = options.size == "full"
    seconds, gigabytes = statistics.median(before + after), our_bytes / 1e9
    aim = part.aim_faster if full else None
    yield Record(f"{part.name}: time", seconds, plain_seconds[0], "plain", "s", "less", aim)
    yield Record(f"{part.name}: memory", gigabytes, plain_bytes / 1e9, "plain", "GB", "less")
    yield Record(f"{part.name}: difference", difference, part.tolerance, "tolerance", "", "share")
    if part.aim_gigabytes and full:
        yield Record(f"{part.name}: memory", gigabytes, part.aim_gigabytes, "the aim", "GB", "share", 1)


def run(
    prepare: Callable[[Path], Work], folder: Path, threads: int, runs: int, input_counts: bool
) -> tuple[list[float], int]:
    """Seconds of each run and peak bytes of a fresh process; the result goes to the folder."""
    torch.set_num_threads(threads)
    work = prepare(folder)
    before = 0 if input_counts else resident_peak()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    peak = resident_peak() - before
    np.save(folder / f"{prepare.__name__}.npy", result)
    return seconds, peak


BENCHMARK = Benchmark(
    "evaluation",
    "Scoring and re-ranking",
    lambda options: NOTES.format(queries=SIZES[options.size].queries, gallery=SIZES[options.size].gallery),
    measure,
    reads=("threads",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
