"""The command line that all benchmarks share."""

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress
from rich.table import Table

from benchmarks.measure import machine
from benchmarks.records import HERE, Record, Report, table

Size = Literal["check", "quick", "full"]
Choice = Literal["device", "threads", "released", "before"]
CHOICES: tuple[Choice, ...] = ("device", "threads", "released", "before")
QUICK = HERE / "quick"  # git ignores it: quick figures do not take the place of those that are kept


@dataclass(frozen=True)
class Options:
    """`size`: `check` shows that it runs, `quick` is what `make bench` takes, `full` the paper's size, as a
    benchmark alone does."""

    device: torch.device
    threads: int
    size: Size
    released: Path | None
    before: str | None = None


class Benchmark(NamedTuple):
    """`measure` yields no record before all are right; it tells `advance` after each of its `parts`. Of the
    options that not all benchmarks share, it reads those in `reads`."""

    name: str
    title: str
    notes: str | Callable[[Options], str]
    parts: Callable[[Options], int]
    measure: Callable[[Options, Callable[[], None]], Sequence[Record]]
    reads: Sequence[Choice] = ()


def parser(
    prog: str, description: str | None, size: Size, reads: Sequence[Choice]
) -> argparse.ArgumentParser:
    """The options that all benchmarks share, and those in `reads`."""
    options = argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.set_defaults(device="cpu", threads=os.cpu_count(), released=None, before=None)  # if not offered
    if "device" in reads:
        options.add_argument("--device", choices=("cpu", "cuda"), help="(cpu)")
    options.add_argument(
        "--size",
        choices=("check", "quick", "full"),
        default=size,
        help=f"check shows that it runs, full is the paper's size ({size})",
    )
    if "threads" in reads:
        options.add_argument("--threads", type=positive, metavar="N", help="CPU threads (all)")
    if "released" in reads:
        options.add_argument(
            "--released",
            type=Path,
            metavar="PATH",
            help="or released=PATH: a local copy of the released code's repository, to compare with",
        )
    if "before" in reads:
        options.add_argument(
            "--before", metavar="COMMIT", help="or before=COMMIT: an earlier commit to compare with"
        )
    options.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="of results/ and RESULTS.md (full: benchmarks; check and quick: benchmarks/quick)",
    )
    return options


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text}")
    return int(text)


def dashed(arguments: Sequence[str]) -> list[str]:
    """`released=PATH` says the same as `--released=PATH`, `before=COMMIT` as `--before=COMMIT`."""
    return [f"--{one}" if one.startswith(("released=", "before=")) else one for one in arguments]


def given(chosen: argparse.Namespace, reads: Sequence[Choice]) -> list[str]:
    """What a benchmark reads and would not take by itself, as arguments again."""
    alone = parser("", None, "full", reads).parse_args([])
    parts = []
    for name in ("device", "size", "threads"):
        if (name == "size" or name in reads) and getattr(chosen, name) != getattr(alone, name):
            parts += [f"--{name}", str(getattr(chosen, name))]
    named = [name for name in ("released", "before") if name in reads and getattr(chosen, name) is not None]
    return [*parts, *(f"{name}={getattr(chosen, name)}" for name in named)]


def folder(chosen: argparse.Namespace) -> Path:
    """Where the files go."""
    out: Path | None = chosen.out
    return out or (HERE if chosen.size == "full" else QUICK)


def check_device(name: str) -> None:
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "--device cuda: torch finds no CUDA device on this machine; leave it out for the CPU"
        )


def main(benchmark: Benchmark, description: str | None) -> None:
    """Measures, prints the table and writes its JSON file; what a user can mend is said in one line."""
    prog = f"python -m benchmarks.{benchmark.name}"
    chosen = parser(prog, description, "full", benchmark.reads).parse_args(dashed(sys.argv[1:]))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs ignore
    try:
        check_device(chosen.device)
        _measure(benchmark, chosen, prog)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        if not str(error):
            raise
        raise SystemExit(f"error: {error}") from None


def _measure(benchmark: Benchmark, chosen: argparse.Namespace, prog: str) -> None:
    options = Options(
        torch.device(chosen.device), chosen.threads, chosen.size, chosen.released, chosen.before
    )
    torch.set_num_threads(options.threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    if chosen.released is not None:
        chosen.released = "PATH"  # where it lies says nothing to others
    report = run(benchmark, options, " ".join([prog, *given(chosen, benchmark.reads)]))
    console = Console()
    console.print(Markdown(report.notes))
    headings, rows = table(report.records)
    shown = Table(*headings, title=f"{report.title}: {report.machine}")
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    console.print(f"Written: {report.write(folder(chosen) / 'results')}", soft_wrap=True)


def run(benchmark: Benchmark, options: Options, command: str) -> Report:
    load, start = os.getloadavg()[0], time.perf_counter()
    # A bar that refreshes itself would do so in the middle of what is measured.
    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task(benchmark.title, total=benchmark.parts(options))
        progress.refresh()

        def advance() -> None:
            progress.advance(task)
            progress.refresh()

        records = benchmark.measure(options, advance)
    return Report(
        benchmark=benchmark.name,
        title=benchmark.title + ("" if options.device.type == "cpu" else " (CUDA)"),
        notes=benchmark.notes if isinstance(benchmark.notes, str) else benchmark.notes(options),
        command=command,
        device=options.device.type,
        machine=machine(options.device, options.threads if "threads" in benchmark.reads else None),
        versions=f"torch {torch.__version__}, pytorch-lightning {version('pytorch-lightning')}",
        taken=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        load=load,
        seconds=time.perf_counter() - start,
        records=records,
    )
