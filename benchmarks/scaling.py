"""Training on several processes: 1 and 2 on this CPU, and 8 GPUs and 8 x 8 on paper.

    python -m benchmarks.scaling

Each process has one thread and its share of the same batch; gloo carries what they exchange.
"""

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.fit import through_lightning
from benchmarks.harness.records import Record
from benchmarks.harness.steps import IDENTITIES, PLACEMENT, Scale, make_batch, settings
from benchmarks.references.on_paper import FLOOR, RATE, Cluster, Network, cost, gathered_bytes, ring_bytes
from reid_cosam import build

STEPS = {"check": 4, "quick": 12, "full": 40}
CLIPS = {"check": 8, "quick": 32, "full": 32}
CLUSTERS = (Cluster(1, 8, 32, 4), Cluster(1, 8, 256, 4), Cluster(8, 8, 256, 4), Cluster(8, 8, 2048, 4))
NOTES = """\
- `steps`: of the quickstart's network on the same batch, 2 processes beside 1.
- `efficiency`: 2 processes beside twice the pace of 1.
- `bytes`: what leaves the loopback interface in a step of 2 processes, beside what the arithmetic says: a
  ring all-reduce of the gradients, descriptors, logits and labels gathered, their gradients sent back.
- `on paper`: expected efficiency, one GPU's time for the batch divided by the GPUs, beside the step, for
  SE-ResNet50 with `cosam=[4,5]`; terms and assumed constants in `benchmarks/references/on_paper.py`
  ({rate:.0f} model TFLOP/s per GPU, at least {floor:.0f} ms per step). None of it has been measured.

{table}

A batch of 32 clips leaves each of 8 GPUs 16 frames, less work than the {floor:.0f} ms that its kernels take
to launch: more GPUs then make steps no shorter, and 64 do not divide 32 clips, which the settings refuse.
Gathering for the triplet loss costs nothing that counts, but its gradient grows with the square of the batch
and is the same on every rank. What breaks first stands in the last column; SyncBatchNorm's waits grow with
latency and not with the batch, so larger batches hide them.
"""


def measure(options: Options) -> Iterator[Record]:
    clips = CLIPS[options.size]
    (one, one_sent), (two, two_sent) = (run_ranks(ranks, clips, STEPS[options.size]) for ranks in (1, 2))
    small, large = network_of("se_resnet_tiny"), network_of("se_resnet50")
    sent, expected = two_sent - one_sent, 2 * (ring_bytes(small.gradients, 2) + gathered_bytes(small, clips))
    yield Record("steps, 2 processes", 1 / two, 1 / one, "1 process", "1/s", "more")
    yield Record("efficiency, 2 processes", 1 / two, 2 / one, "2 x 1 process", "1/s", "share")
    yield Record("bytes a step, 2 processes", sent / 1e6, expected / 1e6, "arithmetic", "MB", "share")
    for cluster in CLUSTERS:
        paper = cost(large, cluster)
        milliseconds = 1e3 * paper.ideal, 1e3 * paper.total
        yield Record(f"efficiency on paper, {cluster}", *milliseconds, "the step", "ms", "share")


def run_ranks(ranks: int, clips: int, steps: int) -> tuple[float, float]:
    """Seconds of a step, and bytes sent in it."""
    program = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        program += [f"--nproc-per-node={ranks}", "-m", "benchmarks.scaling", str(out), str(clips), str(steps)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        subprocess.run(program, env=environment, check=True)
        seconds, sent = json.loads(out.read_text())
    return seconds, sent


def train_as_rank(out: Path, clips: int, steps: int) -> None:
    """`steps` steps on this rank's part of the batch; rank 0 writes what `run_ranks` returns."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    torch.set_num_threads(1)
    ranks = int(os.environ["WORLD_SIZE"])
    size = Scale("se_resnet_tiny", 128, 64, clips, 4)
    chosen = settings(size, PLACEMENT, "cpu", "32-true", f"trainer.devices={ranks}")
    sent: list[int] = []
    part = make_batch(size._replace(clips=clips // ranks))
    seconds = through_lightning(chosen, part, steps, lambda _: sent.append(loopback_bytes()))
    if int(os.environ["RANK"]) == 0:
        out.write_text(json.dumps([statistics.median(seconds), (sent[-1] - sent[1]) / (len(sent) - 2)]))


def loopback_bytes() -> int:
    """Bytes that left this machine's loopback interface since it started."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    (line,) = (line for line in lines if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[8])


def network_of(backbone: str) -> Network:
    """What the arithmetic needs of a network with COSAM after blocks 4 and 5."""
    chosen = settings(Scale(backbone, 256, 128, 4, 4), PLACEMENT, "cpu", "32-true")
    network = build.make_network(chosen, IDENTITIES)
    return Network(
        gradients=sum(4 * one.numel() for one in network.parameters()),
        descriptor=network.descriptor_size,
        logits=IDENTITIES,
        norms=sum(isinstance(one, nn.BatchNorm2d) for one in network.modules()),
    )


def notes(_: Options) -> str:
    large = network_of("se_resnet50")
    sizes = "sent a rank, MB", "gathered, MB", "loss, GB"
    terms = "compute, ms", "gradients, ms", "gather, ms", "statistics, ms", "loss, ms"
    rows = [["", *sizes, *terms, "efficiency", "breaks first"], [":---", *["---:"] * 9, ":---"]]
    for cluster in CLUSTERS:
        paper = cost(large, cluster)
        sent, gathered = f"{paper.sent_bytes / 1e6:.0f}", f"{paper.gathered_bytes / 1e6:.2f}"
        megabytes = sent, gathered, f"{paper.loss_bytes / 1e9:.2f}"
        seconds = paper.compute, paper.gradients, paper.gather, paper.statistics, paper.loss
        times = [f"{1e3 * one:.1f}" for one in seconds]
        rows.append([str(cluster), *megabytes, *times, f"{100 * paper.efficiency:.0f}%", paper.breaks_first])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return NOTES.format(table=table, rate=RATE / 1e12, floor=1e3 * FLOOR)


BENCHMARK = Benchmark("scaling", "Several processes", notes, measure)

if __name__ == "__main__":
    if "LOCAL_RANK" in os.environ:
        train_as_rank(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    else:
        command.main(BENCHMARK, __doc__)
