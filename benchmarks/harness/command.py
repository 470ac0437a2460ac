"""The command line that all benchmarks share."""

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from benchmarks.harness.measure import machine
from benchmarks.harness.records import HERE, Record, Report, table

Size = Literal["check", "quick", "full"]
Choice = Literal["device", "threads", "released", "before"]
CHOICES: tuple[Choice, ...] = ("device", "threads", "released", "before")
QUICK = HERE / "quick"  # ignored by git: quick figures do not replace the committed ones


@dataclass(frozen=True)
class Options:
    """`size`: `check` only runs everything once, `quick` is that of `make bench`, `full` the paper's size."""

    device: torch.device
    threads: int
    size: Size
    released: Path | None
    before: str | None = None

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"


class Benchmark(NamedTuple):
    """`measure` gives no record before results were compared. `reads`: the options that it offers, of those
    that not all benchmarks share; `needs`: those without which it cannot run."""

    name: str
    title: str
    notes: str | Callable[[Options], str]
    measure: Callable[[Options], Iterable[Record]]
    reads: Sequence[Choice] = ()
    needs: Sequence[Choice] = ()


def parser(
    prog: str, description: str | None, size: Size, reads: Sequence[Choice]
) -> argparse.ArgumentParser:
    """The options that all benchmarks share, and those in `reads`."""
    options = argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.set_defaults(device="cpu", threads=os.cpu_count(), released=None, before=None)  # if not offered
    offered = {
        "device": {"choices": ("cpu", "cuda"), "help": "(cpu)"},
        "threads": {"type": positive, "metavar": "N", "help": "CPU threads (all)"},
        "released": {
            "type": Path,
            "metavar": "PATH",
            "help": "or released=PATH: a local copy of the released code's repository, to compare with",
        },
        "before": {"metavar": "COMMIT", "help": "or before=COMMIT: an earlier commit to compare with"},
    }
    for name in reads:
        options.add_argument(f"--{name}", **offered[name])  # type: ignore[arg-type]
    options.add_argument(
        "--size",
        choices=("check", "quick", "full"),
        default=size,
        help=f"check only runs everything once, full is the paper's size ({size})",
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
    """`released=PATH` means the same as `--released=PATH`, `before=COMMIT` the same as `--before=COMMIT`."""
    return [f"--{one}" if one.startswith(("released=", "before=")) else one for one in arguments]


def given(chosen: argparse.Namespace, reads: Sequence[Choice]) -> list[str]:
    """The options in `reads`, and the size, that differ from their defaults, as arguments again."""
    defaults = parser("", None, "full", reads).parse_args([])
    arguments = []
    for name in ("device", "size", "threads", "released", "before"):
        value = getattr(chosen, name)
        if (name == "size" or name in reads) and value != getattr(defaults, name):
            arguments += [f"{name}={value}"] if name in ("released", "before") else [f"--{name}", str(value)]
    return arguments


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
    """Measures, prints the table and writes its JSON file; user errors print one line."""
    prog = f"python -m benchmarks.{benchmark.name}"
    chosen = parser(prog, description, "full", benchmark.reads).parse_args(dashed(sys.argv[1:]))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs ignore
    try:
        check_device(chosen.device)
        report = run(benchmark, chosen, prog)
        console = Console()
        console.print(Markdown(report.notes))
        headings, rows = table(report.records)
        printed = Table(*headings, title=f"{report.title}: {report.machine}")
        for row in rows:
            printed.add_row(*row)
        console.print(printed)
        console.print(f"Written: {report.write(folder(chosen) / 'results')}", soft_wrap=True)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        if not str(error):
            raise
        raise SystemExit(f"error: {error}") from None


def run(benchmark: Benchmark, chosen: argparse.Namespace, prog: str) -> Report:
    options = Options(
        torch.device(chosen.device), chosen.threads, chosen.size, chosen.released, chosen.before
    )
    torch.set_num_threads(options.threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    if chosen.released is not None:
        chosen.released = "PATH"  # the folder means nothing to others
    load, start = os.getloadavg()[0], time.perf_counter()
    records = list(benchmark.measure(options))
    if options.size == "check":  # too small for any aim
        records = [replace(one, aim=None) for one in records]
    return Report(
        benchmark=benchmark.name,
        title=benchmark.title + (" (CUDA)" if options.on_gpu else ""),
        notes=benchmark.notes if isinstance(benchmark.notes, str) else benchmark.notes(options),
        command=" ".join([prog, *given(chosen, benchmark.reads)]),
        device=options.device.type,
        machine=machine(options.device, options.threads if "threads" in benchmark.reads else None),
        versions=f"torch {torch.__version__}, pytorch-lightning {version('pytorch-lightning')}",
        taken=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        load=load,
        seconds=time.perf_counter() - start,
        records=records,
    )
