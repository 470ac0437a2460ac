"""All benchmarks one after the other, each in a process of its own; then RESULTS.md.

    python -m benchmarks [--size quick] [--device cuda] [released=PATH] [--only step cosam]

How long it will take is said at the start, from what the last run of this size took.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from benchmarks import command
from benchmarks.records import read_report, write_results
from reid_cosam.results.counted_progress import duration

# Seconds of the size `quick` on two CPU cores, for a machine that has not run them yet.
ALL = {
    "step": 90,
    "breakdown": 20,
    "placements": 30,
    "layouts": 25,
    "room": 40,
    "cosam": 50,
    "loader": 30,
    "extraction": 30,
    "evaluation": 40,
    "memory": 60,
    "rendering": 15,
    "startup": 40,
    "scaling": 50,
    "demo": 240,
}
ON_CPU_ONLY = {"evaluation", "memory", "rendering", "startup", "scaling", "demo"}
NEEDS_COMMIT = {"demo"}


def main(arguments: Sequence[str]) -> int:
    parser = command.parser("python -m benchmarks", __doc__, "quick")
    parser.add_argument("--only", nargs="+", choices=tuple(ALL), default=list(ALL))
    chosen = parser.parse_args(command.dashed(arguments))
    left_out = (ON_CPU_ONLY if chosen.device != "cpu" else set()) | (
        NEEDS_COMMIT if not chosen.before else set()
    )
    names = [name for name in chosen.only if name not in left_out]
    expected = {name: _expected(name, chosen.out, chosen.size, chosen.device) for name in names}
    console = Console(stderr=True)
    console.print(f"{len(names)} benchmarks, about {duration(sum(expected.values()))}")
    failed = _run(names, expected, command.shared(chosen), console)
    reports = [
        read_report(path)
        for device in ("", "_cuda")
        for name in ALL
        if (path := chosen.out / "results" / f"{name}{device}.json").is_file()
    ]
    write_results(reports, chosen.out / "RESULTS.md")
    console.print(f"Written: {chosen.out / 'RESULTS.md'}", soft_wrap=True)
    for name in failed:
        console.print(f"failed: python -m benchmarks.{name}; its error stands above", style="red")
    return len(failed)


def _expected(name: str, out: Path, size: str, device: str) -> float:
    """What the last run took, if it was of this size."""
    path = out / "results" / f"{name}{'' if device == 'cpu' else '_cuda'}.json"
    if path.is_file():
        last = json.loads(path.read_text())
        if (f"--size {size}" in last["command"]) or (size == "quick" and "--size" not in last["command"]):
            return float(last["seconds"])
    return float(ALL[name])


def _run(
    names: Sequence[str], expected: dict[str, float], options: Sequence[str], console: Console
) -> list[str]:
    failed = []
    words = TextColumn("{task.description}"), TextColumn("{task.fields[left]}")
    with Progress(BarColumn(), *words, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("", total=sum(expected.values()), left="")
        for number, name in enumerate(names):
            left = f"about {duration(sum(expected[one] for one in names[number:]))} left"
            progress.update(task, description=name, left=left, refresh=True)
            console.print(f"{name}: {left}")
            done = _run_one(name, options, console.width)
            progress.advance(task, expected[name])
            console.print(Text(done.stdout))
            if done.returncode:
                console.print(Text(done.stderr))
                failed.append(name)
    return failed


def _run_one(name: str, options: Sequence[str], width: int) -> subprocess.CompletedProcess[str]:
    """Its words are held back until it ends, or they would run into the bar."""
    program = [sys.executable, "-m", f"benchmarks.{name}", *options]
    environment = os.environ | {"COLUMNS": str(width)}
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
