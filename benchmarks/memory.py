"""Peak memory of evaluating and training against the number of tracklets.

    python -m benchmarks.memory [--evaluated 500 2000 12000] [--trained 500 8000]

Every line is a fresh process on a CPU, without data loading processes, so that its resident peak
(`getrusage`) is all there is. Many tracklets share a few real frames on disk, each under a path string of
its own, as from a data set's lists. Evaluation (64x32 pixels, 4 frames a tracklet, one query in six) first
runs on 300 tracklets; what the wanted number needs more is shown: while snippets are described, and in all,
with the ranking. Beside it stands what must grow: the lists, the descriptors (n x 256 float32, three times:
sums, zeros to start from, and the sums of before) and the distances (float32). Distances and ranking are
computed in pieces of some 100 MB.
Training runs two steps at the paper's size: 32 clips of 4 frames of 256x128 pixels.
"""

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import simplejpeg
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from benchmarks.measure import machine
from reid_cosam import build
from reid_cosam.config import TrainSettings
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.datamodule import ReidDataModule
from reid_cosam.lightning_module import ReidModule
from reid_cosam.paths import CONF

RESULTS = Path(__file__).parent / "results"
CAMERAS = 6
FRAMES = 4
WARM_UP = 300
COMMON = ("logger=none", "trainer=cpu", "data.workers=0", "backbone.pretrained=false")
EVALUATION = ("experiment=quickstart", "data.height=64", "data.width=32", "data.eval_batch_size=64")
TRAINING = {
    "se_resnet_tiny": ("backbone=se_resnet_tiny", "recipe.attention.reduced_channels_narrow=64"),
    "se_resnet50": ("backbone=se_resnet50",),
}
STEPS = 2


@dataclass(frozen=True)
class Evaluated:
    """Bytes: resident peak after the warm-up, growth of it while describing and in all; what is owed."""

    tracklets: int
    queries: int
    before: int
    describing: int
    all: int
    descriptors: int
    lists: int
    distances: int

    def cells(self) -> list[str]:
        size = f"{self.queries} x {self.tracklets - self.queries}"
        parts = (self.before, self.describing, self.descriptors + self.lists, self.all, self.distances)
        return [str(self.tracklets), size, *(f"{part / 1e6:.0f}" for part in parts)]


@dataclass(frozen=True)
class Trained:
    """Resident peak in bytes after `STEPS` steps."""

    backbone: str
    tracklets: int
    peak: int

    def cells(self) -> list[str]:
        return [self.backbone, str(self.tracklets), f"{self.peak / 1e6:.0f}"]


EVALUATED = (
    *("tracklets", "queries x gallery", "before MB", "describing adds MB"),
    *("descriptors and lists MB", "all adds MB", "distances MB"),
)
TRAINED = ("backbone", "training tracklets", "peak MB")


class Probe(pl.Callback):
    """The resident peak after the last described batch."""

    peak = 0

    def on_validation_batch_end(self, *_: object) -> None:
        self.peak = resident_peak()


def resident_peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def settings(*overrides: str) -> TrainSettings:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build.read_settings(compose("train", overrides=[*COMMON, *overrides]))


def evaluate(count: int, folder: Path) -> Evaluated:
    """Growth of the peak from `WARM_UP` tracklets to `count`."""
    chosen = settings(*EVALUATION)
    frames = write_frames(folder, chosen.data.height, chosen.data.width)
    trained = make_tracklets(12, frames)
    _validate(chosen, ReidSplits(trained, *_split(make_tracklets(WARM_UP, frames))), folder)
    before = resident_peak()
    query, gallery = _split(make_tracklets(count, frames))
    module, describing = _validate(chosen, ReidSplits(trained, query, gallery), folder)
    return Evaluated(
        tracklets=count,
        queries=len(query),
        before=before,
        describing=describing - before,
        all=resident_peak() - before,
        descriptors=3 * count * module.network.descriptor_size * 4,
        lists=_list_bytes((*query, *gallery)),
        distances=len(query) * len(gallery) * 4,
    )


def _validate(chosen: TrainSettings, splits: ReidSplits, folder: Path) -> tuple[ReidModule, int]:
    """The evaluated module, and the peak before it scored."""
    datamodule, module = _parts(chosen, splits)
    trainer, probe = build.make_trainer(chosen.trainer, folder, []), Probe()
    trainer.callbacks.append(probe)  # type: ignore[attr-defined]
    trainer.validate(module, datamodule=datamodule, verbose=False)
    return module, probe.peak


def train(backbone: str, count: int, folder: Path) -> Trained:
    """Peak of a few steps on batches out of `count` tracklets."""
    chosen = settings("data=synthetic", *TRAINING[backbone], f"trainer.max_steps={STEPS}")
    frames = write_frames(folder, chosen.data.height, chosen.data.width)
    splits = ReidSplits(make_tracklets(count, frames), *_split(make_tracklets(12, frames)))
    datamodule, module = _parts(chosen, splits)
    build.make_trainer(chosen.trainer, folder, []).fit(module, datamodule=datamodule)
    return Trained(backbone, count, resident_peak())


def _parts(chosen: TrainSettings, splits: ReidSplits) -> tuple[ReidDataModule, ReidModule]:
    datamodule = build.make_datamodule(chosen, splits)
    return datamodule, build.make_module(chosen, datamodule)


def write_frames(folder: Path, height: int, width: int) -> list[str]:
    """A few frames of noise."""
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(8)]
    for path in paths:
        path.write_bytes(simplejpeg.encode_jpeg(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)))
    return list(map(str, paths))


def make_tracklets(count: int, frames: Sequence[str]) -> tuple[Tracklet, ...]:
    """Identity after identity, each once under every camera."""
    return tuple(
        Tracklet(tuple(_copies(frames, number)), number // CAMERAS + 1, number % CAMERAS + 1)
        for number in range(count)
    )


def _copies(frames: Sequence[str], number: int) -> Iterator[str]:
    for place in range(FRAMES):
        yield "".join(list(frames[(number + place) % len(frames)]))  # a string of its own


def _split(tracklets: Sequence[Tracklet]) -> tuple[tuple[Tracklet, ...], tuple[Tracklet, ...]]:
    """The first camera's tracklets are the queries."""
    query = tuple(one for one in tracklets if one.camid == 1)
    return query, tuple(one for one in tracklets if one.camid > 1)


def _list_bytes(tracklets: Sequence[Tracklet]) -> int:
    return sum(
        sys.getsizeof(one) + sys.getsizeof(one.frames) + sum(map(sys.getsizeof, one.frames))
        for one in tracklets
    )


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
