"""All benchmarks one after the other, each in a process of its own; then RESULTS.md.

    python -m benchmarks [released=PATH] [before=COMMIT] [--device cuda] [--only step cosam]
    python -m benchmarks --size full
    python -m benchmarks --rewrite

The size is `quick`, and its files go to benchmarks/quick, unless options say otherwise. The time that it will
take is estimated from the last run of this size. `--rewrite` measures nothing: it writes
benchmarks/RESULTS.md from the files in benchmarks/results, some of which may come from another machine.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark
from benchmarks.harness.records import HERE, read_report, write_results
from reid_cosam.results.counted_progress import duration

# Seconds of the size `quick` on two CPU cores, for a machine that has not run them yet.
ALL = {
    "step": 90,
    "breakdown": 20,
    "changes": 60,
    "placements": 30,
    "layouts": 25,
    "room": 40,
    "cosam": 50,
    "formulas": 150,
    "loader": 30,
    "extraction": 30,
    "evaluation": 40,
    "memory": 60,
    "rendering": 15,
    "search": 30,
    "startup": 100,
    "scaling": 50,
    "demo": 240,
}
GRACE = 20  # seconds for a benchmark to end its processes and to remove its temporary files


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    arguments = command.dashed(arguments)
    chosen = parser.parse_args(arguments)
    if chosen.rewrite:
        _refuse_options_of_measuring(arguments, parser)
    console = Console(stderr=True)
    folder = HERE if chosen.rewrite and chosen.out is None else command.folder(chosen)
    try:
        failed = [] if chosen.rewrite else _measure(chosen, console)
        for one in failed:
            console.print(one, style="red", soft_wrap=True)
        console.print(f"Written: {_write(folder)}", soft_wrap=True)
    except (ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from None
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("python -m benchmarks", __doc__, "quick", command.CHOICES)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="+", choices=tuple(ALL), metavar="NAME", help=f"of {', '.join(ALL)}")
    which.add_argument("--rewrite", action="store_true", help="measure nothing, only write RESULTS.md")
    parser.add_argument(
        "--limit", type=command.positive, metavar="SECONDS", help="stop a benchmark that takes longer"
    )
    return parser


def _refuse_options_of_measuring(arguments: Sequence[str], parser: argparse.ArgumentParser) -> None:
    unread = {f"--{name}" for name in ("limit", "size", *command.CHOICES)}
    typed = [one for one in arguments if one.partition("=")[0] in unread]
    if typed:
        parser.error(f"--rewrite measures nothing: leave {', '.join(typed)} out")


def _measure(chosen: argparse.Namespace, console: Console) -> list[str]:
    """Runs the benchmarks; the messages of those that failed."""
    wanted = [_load(name) for name in chosen.only or ALL]
    reasons = {one.name: why for one in wanted if (why := _hindrance(one, chosen))}
    if reasons and chosen.only:
        raise ValueError("; ".join(reasons.values()))
    command.check_device(chosen.device)
    for why in reasons.values():
        console.print(f"left out: {why}", soft_wrap=True)
    able = [one for one in wanted if one.name not in reasons]
    expected = {one.name: _expected(one.name, chosen) for one in able}
    console.print(f"{len(able)} benchmarks, about {duration(sum(expected.values()))}")
    return _run(able, expected, chosen, console)


def _load(name: str) -> Benchmark:
    benchmark: Benchmark = import_module(f"benchmarks.{name}").BENCHMARK
    return benchmark


def _hindrance(benchmark: Benchmark, chosen: argparse.Namespace) -> str | None:
    """Why it cannot run."""
    if chosen.device != "cpu" and "device" not in benchmark.reads:
        return f"{benchmark.name} measures the CPU alone, without --device {chosen.device}"
    if "before" in benchmark.needs and chosen.before is None:
        return f"{benchmark.name} compares with an earlier commit: name it with before=COMMIT"
    return None


def _expected(name: str, chosen: argparse.Namespace) -> float:
    """Seconds that the last run took, if it was of this size."""
    path = _path(command.folder(chosen), name, chosen.device)
    with suppress(ValueError, OSError):  # none yet, or a broken one: only a guess is lost
        last = read_report(path)
        words = [*last.command.split(), "--size", "full"]  # the default
        if words[words.index("--size") + 1] == chosen.size:
            return last.seconds
    return float(ALL[name])


def _path(folder: Path, name: str, device: str) -> Path:
    return folder / "results" / f"{name}{'' if device == 'cpu' else f'_{device}'}.json"


def _run(
    benchmarks: Sequence[Benchmark],
    expected: Mapping[str, float],
    chosen: argparse.Namespace,
    console: Console,
) -> list[str]:
    failed = []
    words = TextColumn("{task.description}"), TextColumn("{task.fields[left]}")
    with Progress(BarColumn(), *words, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("", total=sum(expected.values()), left="")
        for number, one in enumerate(benchmarks):
            left = f"about {duration(sum(expected[later.name] for later in benchmarks[number:]))} left"
            progress.update(task, description=one.name, left=left, refresh=True)
            console.print(f"{one.name}: {left}")
            fault = _run_one(one, chosen, console)
            progress.advance(task, expected[one.name])
            if fault:
                failed.append(f"{fault}: python -m benchmarks.{one.name}")
    return failed


def _run_one(benchmark: Benchmark, chosen: argparse.Namespace, console: Console) -> str | None:
    """What went wrong. On a terminal its output is printed when it ends: it would run into the bar."""
    options = [*command.given(chosen, benchmark.reads), "--out", str(command.folder(chosen))]
    program = [sys.executable, "-m", f"benchmarks.{benchmark.name}", *options]
    environment = os.environ | {"COLUMNS": str(console.width)}
    fault = None
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        target = output if console.is_terminal else None
        with subprocess.Popen(program, env=environment, stdout=target, stderr=target) as process:
            try:
                fault = "failed, its error stands above" if process.wait(chosen.limit) else None
            except subprocess.TimeoutExpired:
                _stop(process)
                fault = f"stopped after {duration(float(chosen.limit))}"
        output.seek(0)
        if printed := output.read():
            console.print(Text(printed))
    return fault


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


def _write(folder: Path) -> Path:
    paths = [_path(folder, name, device) for device in ("cpu", "cuda") for name in ALL]
    reports = [read_report(path) for path in paths if path.is_file()]
    if not reports:
        raise ValueError(f"{folder / 'results'} holds no figures to write RESULTS.md from")
    write_results(reports, folder / "RESULTS.md")
    return folder / "RESULTS.md"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
