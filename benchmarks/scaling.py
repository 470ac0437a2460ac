"""Training on several processes: 1 and 2 on this CPU, and 8 GPUs and 8 x 8 on paper.

    python -m benchmarks.scaling

Each process has one thread and its share of the same batch; gloo carries what they exchange.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import nn

from benchmarks import command
from benchmarks.command import Benchmark, Options
from benchmarks.on_paper import FLOOR, RATE, Cluster, Network, cost, gathered_bytes, ring_bytes
from benchmarks.records import Record
from benchmarks.training import IDENTITIES, Scale, settings
from benchmarks.variants import PLACEMENT
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
  SE-ResNet50 with `cosam=[4,5]`; terms and assumed constants in `benchmarks/on_paper.py` ({rate:.0f} model
  TFLOP/s a GPU, at least {floor:.0f} ms a step). None of it has been measured.

{table}

A batch of 32 clips leaves each of 8 GPUs 16 frames, less work than the {floor:.0f} ms that its kernels take
to launch: more GPUs then make steps no shorter, and 64 do not divide 32 clips, which the settings refuse.
Gathering for the triplet loss costs nothing that counts, but its gradient grows with the square of the batch
and is the same on every rank. What breaks first stands in the last column; SyncBatchNorm's waits grow with
latency and not with the batch, so larger batches hide them.
"""


def measure(options: Options, advance: Callable[[], None]) -> Sequence[Record]:
    clips = CLIPS[options.size]
    found = []
    for ranks in (1, 2):
        found.append(run_ranks(ranks, clips, STEPS[options.size]))
        advance()
    paces = [1 / one["seconds"] for one in found]
    sent = (found[1]["bytes"] - found[0]["bytes"]) / 1e6
    small = network_of("se_resnet_tiny")
    expected = 2 * (ring_bytes(small.gradients, 2) + 2 * gathered_bytes(small, clips) / 2) / 1e6
    records = [
        Record("steps, 2 processes", paces[1], paces[0], "1 process", "1/s", "more"),
        Record("efficiency, 2 processes", paces[1], 2 * paces[0], "2 x 1 process", "1/s", "share"),
        Record("bytes a step, 2 processes", sent, expected, "arithmetic", "MB", "share"),
    ]
    large = network_of("se_resnet50")
    for cluster in CLUSTERS:
        paper = cost(large, cluster)
        milliseconds = 1e3 * paper.ideal, 1e3 * paper.total
        records.append(Record(f"efficiency on paper, {cluster}", *milliseconds, "the step", "ms", "share"))
    return records


def run_ranks(ranks: int, clips: int, steps: int) -> dict[str, float]:
    program = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        values = [str(out), str(clips), str(steps)]
        subprocess.run(
            [*program, f"--nproc-per-node={ranks}", "-m", "benchmarks.ranks", *values],
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
            check=True,
        )
        found: dict[str, float] = json.loads(out.read_text())
    return found


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


BENCHMARK = Benchmark("scaling", "Several processes", notes, parts=lambda _: 2, measure=measure)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
