"""What `benchmarks/evaluation.py` compares, each run in a process of its own."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.distance import cdist

from benchmarks import plain_evaluation
from reid_cosam.metrics import protocols
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import euclidean_distances

Array = npt.NDArray[Any]
Work = Callable[[], Array]


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
