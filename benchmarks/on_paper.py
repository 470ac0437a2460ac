"""What a step on several GPUs should cost, on paper: bytes, seconds, and what would break first.

The terms:
- compute: the model's operations at the rate that one GPU is aimed to reach;
- gradients: a ring all-reduce sends 2 (p - 1) / p of them; it runs beside the backward pass, two thirds of
  the compute, and costs what is longer than that;
- gather: every rank gets all descriptors, logits and labels, and sends their gradients back the same way;
- statistics: SyncBatchNorm waits for all ranks once forward and once backward in each BatchNorm layer, for a
  few kilobytes: latency. Forward it also picks the ranks that had any data, by a mask that the host reads:
  the GPU then idles until the next kernels come.

The operations are counted; every other constant is assumed, none has been measured.
"""

from dataclasses import dataclass

GFLOP_A_FRAME = 24.3  # `benchmarks.step`
RATE = 100e12  # aimed at on a GPU, FLOP/s
FLOOR = 15e-3  # seconds that the kernels of a step take to launch, however small the batch
INSIDE, BETWEEN = 300e9, 40e9  # bytes a second and GPU: NVLink; 400 Gbit/s a GPU between machines
WAIT_INSIDE, WAIT_BETWEEN = 20e-6, 80e-6  # seconds of a small all-reduce
IDLE = 30e-6  # seconds until the next kernels run, once the host has read what it waited for


@dataclass(frozen=True)
class Cluster:
    """`clips` of `frames` frames in all, on `machines` x `gpus`."""

    machines: int
    gpus: int
    clips: int
    frames: int

    @property
    def ranks(self) -> int:
        return self.machines * self.gpus

    def __str__(self) -> str:
        where = f"{self.gpus} GPUs" if self.machines == 1 else f"{self.machines} x {self.gpus} GPUs"
        return f"{where}, {self.clips} clips"


@dataclass(frozen=True)
class Network:
    """Bytes of gradients, width of descriptors and logits together, BatchNorm layers."""

    gradients: int
    width: int
    norms: int


@dataclass(frozen=True)
class Cost:
    """Seconds of a step by term, and the bytes a rank gathers and sends.

    `ideal` is one GPU's time for the whole batch, divided by the GPUs.
    """

    ideal: float
    compute: float
    gradients: float
    gather: float
    statistics: float
    gathered_bytes: int
    sent_bytes: float

    @property
    def total(self) -> float:
        return self.compute + self.gradients + self.gather + self.statistics

    @property
    def efficiency(self) -> float:
        return self.ideal / self.total

    @property
    def breaks_first(self) -> str:
        terms = {
            "launching kernels": self.compute - self.ideal,
            "gradients": self.gradients,
            "gather": self.gather,
            "SyncBatchNorm's waits": self.statistics,
        }
        return max(terms, key=lambda name: terms[name])


def cost(network: Network, cluster: Cluster) -> Cost:
    speed, wait = (INSIDE, WAIT_INSIDE) if cluster.machines == 1 else (BETWEEN, WAIT_BETWEEN)
    frames = cluster.clips * cluster.frames / cluster.ranks
    ideal = frames * GFLOP_A_FRAME * 1e9 / RATE
    compute = max(ideal, FLOOR)
    gathered = cluster.clips * (4 * network.width + 8)
    sent = ring_bytes(network.gradients, cluster.ranks)
    return Cost(
        ideal=ideal,
        compute=compute,
        gradients=max(0.0, sent / speed - 2 / 3 * compute),
        gather=2 * (gathered / speed + 3 * wait),
        statistics=network.norms * (2 * wait + IDLE),
        gathered_bytes=gathered,
        sent_bytes=sent,
    )


def ring_bytes(size: int, ranks: int) -> float:
    """What each rank of a ring all-reduce sends."""
    return 2 * (ranks - 1) / ranks * size
