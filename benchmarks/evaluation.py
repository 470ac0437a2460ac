"""Scoring and re-ranking at the size of MARS, against plain NumPy.

    python -m benchmarks.evaluation [--threads 2] [--small]

Results must agree first, to the tolerances in PARTS. LEGEND, printed with the table, explains its columns.
Every measurement is a process of its own, ours before and after the plain version, so that other work on the
machine slows both. Memory is the peak of the process' resident size, which Linux tells: it counts what NumPy
and MKL take too.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress
from rich.table import Table
from scipy.spatial.distance import cdist

from benchmarks import plain_evaluation
from benchmarks.mars_sized import Size, draw
from benchmarks.measure import machine
from reid_cosam.metrics import protocols
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import euclidean_distances

RESULTS = Path(__file__).parent / "results"
LEGEND = """\
- `distances`: squared L2 of queries and gallery; the plain version is SciPy's `cdist`, on one thread. GB: the
  peak beyond the descriptors.
- `scoring`: mAP, CMC and valid queries of a distance matrix under protocol `released`; the plain version goes
  query by query, as the released evaluation program. GB: the peak beyond the distance matrix.
- `re-ranking`: from descriptors to k-reciprocal distances (k1 = 20, k2 = 6, lambda = 0.3); the plain version
  takes `cdist` and goes row by row, as the released program, on one thread. GB: the peak in all, with Python,
  torch and the descriptors.
- `ours s`: the median of all runs; `plain s`: of one. `difference`: the largest between the two results, as a
  share of the largest number in them.
"""
HEADINGS = ("part", "ours s", "plain s", "faster (aim)", "ours GB (aim)", "plain GB", "difference")

Array = npt.NDArray[Any]
Work = Callable[[], Array]


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


@dataclass(frozen=True)
class Row:
    """Median seconds and peak bytes of both versions."""

    part: str
    our_seconds: float
    plain_seconds: float
    aim_faster: float | None
    our_bytes: int
    plain_bytes: int
    aim_bytes: float | None
    difference: float

    def cells(self) -> list[str]:
        seconds = f"{self.our_seconds:.2f}", f"{self.plain_seconds:.1f}"
        faster = f"{self.plain_seconds / self.our_seconds:.1f}x"
        faster += f" ({self.aim_faster:.0f}x)" if self.aim_faster else ""
        ours, plain = (f"{size / 1e9:.2f}" for size in (self.our_bytes, self.plain_bytes))
        ours += f" ({self.aim_bytes / 1e9:.0f})" if self.aim_bytes else ""
        return [self.part, *seconds, faster, ours, plain, f"{self.difference:.0e}"]


def our_distances(folder: Path) -> Work:
    query, gallery = map(torch.from_numpy, _descriptors(folder))
    return lambda: euclidean_distances(query, gallery).numpy()


def plain_distances(folder: Path) -> Work:
    query, gallery = _descriptors(folder)
    return lambda: cdist(query, gallery, "sqeuclidean").astype(np.float32)


def _descriptors(folder: Path) -> tuple[Array, Array]:
    return np.load(folder / "query.npy"), np.load(folder / "gallery.npy")


def our_scores(folder: Path) -> Work:
    arrays = _scored(folder)

    def work() -> Array:
        scores = protocols.score(*arrays)
        return np.array([scores.mean_ap, scores.valid_queries / len(arrays[0]), *scores.cmc])

    return work


def plain_scores(folder: Path) -> Work:
    arrays = _scored(folder)

    def work() -> Array:
        mean_ap, cmc, valid_queries = plain_evaluation.score(*arrays)
        return np.array([mean_ap, valid_queries / len(arrays[0]), *cmc])

    return work


def _scored(folder: Path) -> tuple[Array, Array, Array, Array, Array]:
    query_pids, query_camids, gallery_pids, gallery_camids = np.load(folder / "ids.npz").values()
    return np.load(folder / "distances.npy"), query_pids, query_camids, gallery_pids, gallery_camids


def our_reranking(folder: Path) -> Work:
    query, gallery = map(torch.from_numpy, _descriptors(folder))
    return lambda: k_reciprocal(query, gallery).numpy()


def plain_reranking(folder: Path) -> Work:
    query, gallery = _descriptors(folder)
    return lambda: plain_evaluation.k_reciprocal(query, gallery)


PARTS = (
    Part("distances", our_distances, plain_distances, 3, 1e-6, input_counts=False),
    Part("scoring", our_scores, plain_scores, 5, 1e-12, False, aim_faster=60, aim_bytes=1e9),
    Part("re-ranking", our_reranking, plain_reranking, 1, 1e-5, True, aim_faster=8, aim_bytes=3e9),
)


def run(
    prepare: Callable[[Path], Work], folder: Path, threads: int, runs: int, input_counts: bool
) -> tuple[list[float], int]:
    """Seconds of each run and peak bytes of a fresh process; the result goes to the folder."""
    torch.set_num_threads(threads)
    work = prepare(folder)
    before = 0 if input_counts else _peak_bytes()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    peak = _peak_bytes() - before
    np.save(folder / f"{prepare.__name__}.npy", result)
    return seconds, peak


def _peak_bytes() -> int:
    """Peak resident size since the process started; `ru_maxrss` would begin with its parent's."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def compare(part: Part, folder: Path, threads: int, advance: Callable[[], None]) -> Row:
    """Ours, the plain version and ours again, each in a process of its own."""
    measured = []
    for prepare, runs in ((part.ours, part.runs), (part.plain, 1), (part.ours, part.runs)):
        measured.append(_in_a_process(run, prepare, folder, threads, runs, part.input_counts))
        advance()
    (before, our_bytes), (plain, plain_bytes), (after, _) = measured
    ours, theirs = (np.load(folder / f"{prepare.__name__}.npy") for prepare in (part.ours, part.plain))
    difference = float(np.abs(ours - theirs).max() / theirs.max())
    assert difference <= part.tolerance, f"{part.name}: ours and plain differ by {difference:.1e}"
    return Row(
        part.name,
        statistics.median(before + after),
        plain[0],
        part.aim_faster,
        our_bytes,
        plain_bytes,
        part.aim_bytes,
        difference,
    )


def _in_a_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def save(rows: list[Row], title: str, command: str, folder: Path) -> None:
    """Writes evaluation.json and evaluation.md."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"machine": title, "command": command, "rows": [asdict(row) for row in rows]}
    lines = [
        " | ".join(cells) for cells in (HEADINGS, ["---:"] * len(HEADINGS), *(row.cells() for row in rows))
    ]
    table = "\n".join(f"| {line} |" for line in lines)
    (folder / "evaluation.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "evaluation.md").write_text(f"`{command}` on {title}\n\n{LEGEND}\n{table}\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evaluation", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (2)")
    parser.add_argument(
        "--small", action="store_true", help="a tenth of the size: a check, not a measurement"
    )
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="folder of evaluation.json and evaluation.md"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    title = f"{machine(torch.device('cpu'))}; load {os.getloadavg()[0]:.1f} before"
    size = Size(198, 933, 63, 325, 256) if options.small else Size(1980, 9330, 626, 3248, 2048)
    console = Console()
    with tempfile.TemporaryDirectory() as name, Progress(console=console, transient=True) as progress:
        task = progress.add_task("Evaluation", total=1 + 3 * len(PARTS))
        _in_a_process(draw, folder := Path(name), size)
        progress.advance(task)
        rows = [compare(part, folder, options.threads, lambda: progress.advance(task)) for part in PARTS]
    table = Table(*HEADINGS, title=f"{size.queries} queries, {size.gallery} in the gallery: {title}")
    for row in rows:
        table.add_row(*row.cells())
    console.print(Markdown(LEGEND))
    console.print(table)
    save(rows, title, " ".join(["python -m benchmarks.evaluation", *arguments]), options.out)
    console.print(f"Written: {options.out}/evaluation.json, evaluation.md")


if __name__ == "__main__":
    main(sys.argv[1:])
