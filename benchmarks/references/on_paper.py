"""What a step on several GPUs should cost, on paper: bytes, seconds, and what would break first.

The terms:
- compute: the model's operations at the rate that one GPU is aimed to reach;
- gradients: a ring all-reduce sends 2 (p - 1) / p of them; it runs beside the backward pass, two thirds of
  the compute, and costs what is longer than that;
- gather: every rank gets all descriptors, logits and labels, and sends their gradients back the same way;
- statistics: SyncBatchNorm waits for all ranks once forward and once backward in each BatchNorm layer, for a
  few kilobytes: latency. Forward it also picks the ranks that had any data, by a mask that the host reads:
  the GPU then idles until the next kernels come;
- loss: every rank takes the distances of all clips to all clips, and torch's gradient of them writes and
  reads clips x clips x width numbers, once for either side.

The operations are counted; every other constant is assumed, none has been measured.
"""

from dataclasses import dataclass

GFLOP_A_FRAME = 24.3  # `benchmarks.step`
RATE = 100e12  # aimed at on a GPU, FLOP/s
FLOOR = 15e-3  # seconds that the kernels of a step take to launch, however small the batch
INSIDE, BETWEEN = 300e9, 40e9  # bytes a second and GPU: NVLink; 400 Gbit/s a GPU between machines
WAIT_INSIDE, WAIT_BETWEEN = 20e-6, 80e-6  # seconds of a small all-reduce
MEMORY = 4e12  # bytes a second that a GPU writes and reads
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
    """Bytes of gradients, widths of descriptors and logits, BatchNorm layers."""

    gradients: int
    descriptor: int
    logits: int
    norms: int


@dataclass(frozen=True)
class Cost:
    """Seconds of a step by term, and the bytes that a rank gathers, sends, and holds at once for the loss.

    `ideal` is one GPU's time for the whole batch, divided by the GPUs; the loss is left out of it.
    """

    ideal: float
    compute: float
    gradients: float
    gather: float
    statistics: float
    loss: float
    gathered_bytes: int
    sent_bytes: float
    loss_bytes: int

    @property
    def total(self) -> float:
        return self.compute + self.gradients + self.gather + self.statistics + self.loss

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
            "the triplet loss": self.loss,
        }
        return max(terms, key=lambda name: terms[name])


def cost(network: Network, cluster: Cluster) -> Cost:
    speed, wait = (INSIDE, WAIT_INSIDE) if cluster.machines == 1 else (BETWEEN, WAIT_BETWEEN)
    frames = cluster.clips * cluster.frames / cluster.ranks
    ideal = frames * GFLOP_A_FRAME * 1e9 / RATE
    compute = max(ideal, FLOOR)
    gathered = gathered_bytes(network, cluster.clips)
    distances = 4 * cluster.clips**2 * network.descriptor
    sent = ring_bytes(network.gradients, cluster.ranks)
    return Cost(
        ideal=ideal,
        compute=compute,
        gradients=max(0.0, sent / speed - 2 / 3 * compute),
        gather=2 * (gathered / speed + 3 * wait),
        statistics=network.norms * (2 * wait + IDLE),
        loss=4 * distances / MEMORY,
        gathered_bytes=gathered,
        sent_bytes=sent,
        loss_bytes=distances,
    )


def gathered_bytes(network: Network, clips: int) -> int:
    """Descriptors, logits and labels of so many clips."""
    return clips * (4 * (network.descriptor + network.logits) + 8)


def ring_bytes(size: int, ranks: int) -> float:
    """What each rank of a ring all-reduce sends."""
    return 2 * (ranks - 1) / ranks * size
