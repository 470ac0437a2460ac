"""One of several processes that train together on a CPU; `benchmarks/scaling.py` has torch start them."""

import json
import logging
import os
import statistics
import sys
from pathlib import Path

import torch

from benchmarks.fit import through_lightning
from benchmarks.training import Scale, make_batch, settings
from benchmarks.variants import PLACEMENT


def main(out: Path, clips: int, steps: int) -> None:
    """`steps` steps on this rank's part of the batch; rank 0 writes the seconds of a step, and bytes sent."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    torch.set_num_threads(1)
    ranks = int(os.environ["WORLD_SIZE"])
    size = Scale("se_resnet_tiny", 128, 64, clips, 4)
    chosen = settings(size, PLACEMENT, "cpu", "32-true", f"trainer.devices={ranks}")
    sent: list[int] = []
    part = make_batch(size._replace(clips=clips // ranks))
    seconds = through_lightning(chosen, part, steps, lambda _: sent.append(loopback_bytes()))
    if int(os.environ["RANK"]) == 0:
        bytes_a_step = (sent[-1] - sent[1]) / (len(sent) - 2)
        found = {"seconds": statistics.median(seconds), "bytes": bytes_a_step}
        out.write_text(json.dumps(found))


def loopback_bytes() -> int:
    """Bytes that left this machine's loopback interface since it started."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    (line,) = (line for line in lines if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[8])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
