"""Rendering the synthetic data set.

python -m benchmarks.rendering
"""

import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import medians, repeated
from benchmarks.harness.records import Record
from benchmarks.harness.steps import PLACEMENT, ProductStep, Scale, make_batch, settings
from reid_cosam.data.synthetic import SIZES, SyntheticSpec
from reid_cosam.data.synthetic.listing import plan_tracklets
from reid_cosam.data.synthetic.store import MAX_PROCESSES
from reid_cosam.data.synthetic.writer import JPEG_QUALITY, make_folders, write_tracklets

TRACKLETS = {"check": 1, "quick": 12, "full": 60}
QUICKSTART, ITERATIONS = Scale("se_resnet_tiny", 128, 64, 32, 4), 500
NOTES = """\
- `frames`: rendered and written by one process; the reference is a floor: the same frames, which it has
  already, are only encoded, by Pillow.
- `whole set`: at that pace on all cores, at most {processes}, beside the training of the quickstart
  ({iterations} iterations of {scale}).
"""


def measure(options: Options) -> Iterator[Record]:
    device = torch.device("cpu")
    chosen = settings(QUICKSTART, PLACEMENT, "cpu", "auto")
    step = ProductStep(chosen, make_batch(QUICKSTART), device)
    (pace,) = medians([repeated(step)], device, 1, 1 if options.size == "check" else 3)
    for spec in (SIZES["small"], SIZES["medium"]):
        plans = plan_tracklets(spec)
        speed, encoded = _speeds(spec, TRACKLETS[options.size])
        yield Record(f"frames, {spec.name}", speed, encoded, "Pillow encodes", "frames/s", "more")
        total = sum(plan.length for plan in plans) / speed / min(options.threads, MAX_PROCESSES)
        training = pace * ITERATIONS
        yield Record(f"whole set, {spec.name}", total, training, "quickstart's training", "s", "share")


def _speeds(spec: SyntheticSpec, count: int) -> tuple[float, float]:
    """Frames a second of rendering some tracklets from all over the set, and of encoding them by Pillow."""
    plans = plan_tracklets(spec)
    plans = plans[:: len(plans) // count][:count]
    with tempfile.TemporaryDirectory() as folder:
        make_folders(Path(folder), plans)
        frames, spent = write_tracklets(Path(folder), spec, plans)
        images = [Image.open(path).convert("RGB") for path in Path(folder).rglob("*.jpg")]
    start = time.perf_counter()
    for image in images:
        image.save(io.BytesIO(), "JPEG", quality=JPEG_QUALITY)
    return frames / spent, frames / (time.perf_counter() - start)


BENCHMARK = Benchmark(
    "rendering",
    "Rendering synthetic data",
    NOTES.format(processes=MAX_PROCESSES, iterations=ITERATIONS, scale=QUICKSTART),
    measure,
    reads=("threads",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
