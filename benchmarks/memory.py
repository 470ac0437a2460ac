"""Peak memory of evaluating and training against the number of tracklets.

    python -m benchmarks.memory [--evaluated 500 2000 12000] [--trained 500 8000]

Every line is a fresh process on a CPU, without data loading processes, so that its resident peak
(`getrusage`) is all there is (`benchmarks/resident.py`). Evaluation (64x32 pixels, 4 frames a tracklet, one
query in six) first runs on 300 tracklets; what the wanted number needs more is shown: while snippets are
described, and in all, with the ranking. Beside it stands what must grow: the lists, the descriptors
(n x 256 float32, three times: sums, zeros to start from, and the sums of before) and the distances (float32).
Distances and ranking are computed in pieces of some 100 MB.
Training runs two steps at the paper's size: 32 clips of 4 frames of 256x128 pixels.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.measure import machine
from benchmarks.resident import Evaluated, Trained, evaluate, train

RESULTS = Path(__file__).parent / "results"
EVALUATED = (
    *("tracklets", "queries x gallery", "before MB", "describing adds MB"),
    *("descriptors and lists MB", "all adds MB", "distances MB"),
)
TRAINED = ("backbone", "training tracklets", "peak MB")


def case(arguments: Sequence[str], threads: int) -> dict[str, int | str]:
    """Runs one case in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", "--case", *arguments]
    done = subprocess.run(
        [*command, "--threads", str(threads)],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, int | str] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_case(arguments: Sequence[str]) -> None:
    verb, *rest = arguments
    cases: dict[str, Callable[[Path], Evaluated | Trained]] = {
        "evaluate": lambda folder: evaluate(int(rest[0]), folder),
        "train": lambda folder: train(rest[0], int(rest[1]), folder),
    }
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(cases[verb](Path(folder)))))


def save(evaluated: Sequence[Evaluated], trained: Sequence[Trained], command: str, folder: Path) -> None:
    """Writes memory.json and memory.md."""
    folder.mkdir(parents=True, exist_ok=True)
    title = machine(torch.device("cpu"))
    record = {
        "machine": title,
        "command": command,
        "evaluated": [asdict(row) for row in evaluated],
        "trained": [asdict(row) for row in trained],
    }
    tables = [_markdown(EVALUATED, evaluated), _markdown(TRAINED, trained)]
    (folder / "memory.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "memory.md").write_text("\n\n".join([f"`{command}` on {title}", *tables]) + "\n")


def _markdown(headings: Sequence[str], rows: Sequence[Evaluated] | Sequence[Trained]) -> str:
    lines = [headings, ["---:"] * len(headings), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--evaluated", type=int, nargs="+", default=[500, 2000, 12000])
    parser.add_argument("--trained", type=int, nargs="+", default=[500, 8000])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads (all)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of memory.json and memory.md")
    parser.add_argument("--case", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    if options.case:
        run_case(options.case)
        return
    counts, threads = options.trained, options.threads
    evaluated = [
        Evaluated(**case(["evaluate", str(count)], threads))  # type: ignore[arg-type]
        for count in options.evaluated
    ]
    trained = [
        Trained(**case(["train", name, str(count)], threads))  # type: ignore[arg-type]
        for name, count in [*(("se_resnet_tiny", count) for count in counts), ("se_resnet50", counts[-1])]
    ]
    console = Console()
    for headings, rows in ((EVALUATED, evaluated), (TRAINED, trained)):
        table = Table(*headings, title=machine(torch.device("cpu")))
        for row in rows:
            table.add_row(*row.cells())
        console.print(table)
    save(evaluated, trained, " ".join(["python -m benchmarks.memory", *arguments]), options.out)
    console.print(f"Written: {options.out}/memory.json, memory.md")


if __name__ == "__main__":
    main(sys.argv[1:])
