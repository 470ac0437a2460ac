"""The command line that all benchmarks share."""

import argparse
import logging
import os
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
from benchmarks.records import HEADINGS, HERE, Record, Report

Size = Literal["check", "quick", "full"]


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
    """`measure` yields no record before all are right; it tells `advance` after each of its `parts`."""

    name: str
    title: str
    notes: str | Callable[[Options], str]
    parts: Callable[[Options], int]
    measure: Callable[[Options, Callable[[], None]], Sequence[Record]]


def parser(prog: str, description: str | None, size: Size) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    options = argparse.ArgumentParser(prog=prog, description=(description or "").split("\n", 1)[0])
    options.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options.add_argument("--size", choices=("check", "quick", "full"), default=size, help=f"({size})")
    options.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads (all)")
    options.add_argument("--released", type=Path, help="a local copy of the released code's repository")
    options.add_argument("--before", help="a commit that `benchmarks.demo` compares with")
    options.add_argument("--out", type=Path, default=HERE, help="folder of results/ and RESULTS.md")
    return options


def dashed(arguments: Sequence[str]) -> list[str]:
    """`released=PATH` says the same as `--released=PATH`, `before=COMMIT` as `--before=COMMIT`."""
    return [f"--{one}" if one.startswith(("released=", "before=")) else one for one in arguments]


def shared(chosen: argparse.Namespace) -> list[str]:
    """The shared options that differ from what a benchmark alone takes, as arguments again."""
    defaults = parser("", "", "full").parse_args([])
    given = {
        name: getattr(chosen, name)
        for name, value in vars(defaults).items()
        if getattr(chosen, name) != value
    }
    return [part for name, value in given.items() for part in (f"--{name}", str(value))]


def main(benchmark: Benchmark, description: str | None) -> None:
    """Measures, prints the table and writes its JSON file."""
    prog = f"python -m benchmarks.{benchmark.name}"
    chosen = parser(prog, description, "full").parse_args(dashed(sys.argv[1:]))
    options = Options(
        torch.device(chosen.device), chosen.threads, chosen.size, chosen.released, chosen.before
    )
    torch.set_num_threads(options.threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    told = " ".join([prog, *sys.argv[1:]])
    if chosen.released is not None:
        told = told.replace(str(chosen.released), "PATH")  # where it lies says nothing to others
    report = run(benchmark, options, told)
    console = Console()
    console.print(Markdown(report.notes))
    shown = Table(*HEADINGS, title=f"{report.title}: {report.machine}")
    for record in report.records:
        shown.add_row(*record.cells())
    console.print(shown)
    console.print(f"Written: {report.write(chosen.out / 'results')}", soft_wrap=True)


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
        machine=machine(options.device),
        versions=f"torch {torch.__version__}, pytorch-lightning {version('pytorch-lightning')}",
        taken=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        load=load,
        seconds=time.perf_counter() - start,
        records=records,
    )
