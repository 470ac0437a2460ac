"""Renders a whole data set with several processes and says how long it takes."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from reid_cosam import interruption
from reid_cosam.data.synthetic.listing import plan_tracklets, write_lists
from reid_cosam.data.synthetic.sizes import SyntheticSpec
from reid_cosam.data.synthetic.tracklets import TrackletPlan
from reid_cosam.data.synthetic.writer import make_folders, write_tracklets
from reid_cosam.processes import end_with

CHUNK = 24
"""Tracklets that a process renders before it reports."""


def render(folder: Path, spec: SyntheticSpec, processes: int) -> None:
    """Renders the data set into the existing, empty `folder`."""
    (folder / "spec.json").write_text(json.dumps(spec.record(), indent=2) + "\n", encoding="utf-8")
    plans = plan_tracklets(spec)
    make_folders(folder, plans)
    write_lists(folder, spec, plans)
    chunks = [plans[start : start + CHUNK] for start in range(0, len(plans), CHUNK)]
    frames = sum(plan.length for plan in plans)
    _report(_run(folder, spec, chunks, processes), spec, frames, processes)


def _run(
    folder: Path, spec: SyntheticSpec, chunks: Sequence[list[TrackletPlan]], processes: int
) -> Iterator[tuple[int, float]]:
    """Yields the frames and seconds of each chunk as it is done."""
    if processes == 1:
        for chunk in chunks:
            yield write_tracklets(folder, spec, chunk)
        return
    with worker_pool(processes, leave_signals_to, os.getpid()) as pool:
        futures: list[Future[tuple[int, float]]] = [
            pool.submit(write_tracklets, folder, spec, chunk) for chunk in chunks
        ]
        for done in as_completed(futures):
            yield done.result()


@contextmanager
def worker_pool(
    processes: int, start: Callable[..., None], *arguments: object
) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes first call `start`; on an error or a signal they end at once."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, start, arguments) as pool:
        try:
            yield pool
        except BaseException:
            for worker in multiprocessing.active_children():  # nobody waits for the rest
                worker.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def leave_signals_to(parent: int) -> None:
    """For a process of the pool to call first: it ends with its parent, and Ctrl-C is that one's to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)


def _report(done: Iterator[tuple[int, float]], spec: SyntheticSpec, frames: int, processes: int) -> None:
    """A bar on a terminal; elsewhere a line before and after, with the time the first chunk foretells."""
    console = Console(stderr=True)
    start = time.perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"rendering synthetic {spec.name}", total=frames)
        for number, (count, seconds) in enumerate(done):
            progress.advance(task, count)
            if number == 0:
                expected = seconds / count * frames / processes
                console.print(
                    f"rendering synthetic {spec.name}: {frames:,} frames of {spec.height}x{spec.width}, "
                    f"about {expected:.0f} s with processes={processes}",
                    soft_wrap=True,
                )
    console.print(f"rendered synthetic {spec.name} in {time.perf_counter() - start:.0f} s", soft_wrap=True)


def main() -> None:
    """What `ensure` starts: folder, spec as JSON, processes, and who started it."""
    folder, record, processes, parent = sys.argv[1:]
    end_with(int(parent))
    interruption.handle()
    render(Path(folder), SyntheticSpec.from_record(json.loads(record)), int(processes))
