"""Reading training batches: our loader against Pillow and torchvision's transforms, and against the step.

    python -m benchmarks.loader [--device cuda]

Rendered JPEG frames of 256x128 pixels, warm in the page cache, through one data loading process each.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.frames import HEIGHT, WIDTH, packed, render
from benchmarks.harness.measure import medians, repeated
from benchmarks.harness.records import Record
from benchmarks.harness.steps import PLACEMENT, ProductStep, Scale, make_batch, quiet, settings
from benchmarks.references.loading import PlainClips
from reid_cosam import build
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.settings import TrainSettings

BATCHES = {"check": 2, "quick": 40, "full": 200}
CLIPS, FRAMES = 8, 4
AIM = 3.0
NOTES = """\
- `loose files`, `packed`: frames a second out of one worker of our loader (simplejpeg, uint8, augmentation on
  the device), from a folder of images and from the one file that `python -m reid_cosam.pack` makes of it,
  every image compared with its checksum. The reference decodes by Pillow and augments and normalises frame by
  frame on the CPU, in one
  worker, as the released code's loader does.
- `workers that a step needs`: frames that a training step on this device takes in a second, in workers.
"""


def measure(options: Options) -> Iterator[Record]:
    size = Scale("se_resnet50", HEIGHT, WIDTH, CLIPS, FRAMES)
    chosen = settings(size, PLACEMENT, options.device.type, "auto")
    batches = BATCHES[options.size]
    with tempfile.TemporaryDirectory() as folder, quiet():
        splits = render(Path(folder))
        speeds = {"loose files": _speed(_ours(chosen, splits), batches)}
        speeds["packed"] = _speed(_ours(chosen, packed(Path(folder))), batches)
        plain = _speed(_plain(splits), batches)
    for name, speed in speeds.items():
        yield Record(f"{name}, one worker", speed, plain, "Pillow, torchvision", "frames/s", "more", AIM)
    if options.size != "check":
        rate = _step_rate(options)
        for name, speed in speeds.items():
            yield Record(f"workers that a step needs, {name}", rate / speed, 1, "one worker", "", "share")


def _ours(chosen: TrainSettings, splits: ReidSplits) -> Iterable[Any]:
    one = chosen.data.model_copy(update={"workers": 1})
    return build.make_datamodule(chosen.model_copy(update={"data": one}), splits).train_dataloader()


def _plain(splits: ReidSplits) -> Iterable[Any]:
    loader = DataLoader(
        PlainClips(splits.train, FRAMES, HEIGHT, WIDTH), CLIPS, num_workers=1, prefetch_factor=4
    )
    while True:
        yield from loader


def _speed(loader: Iterable[Any], batches: int) -> float:
    """Frames a second, from the fifth batch on: those before were read while the worker started."""
    iterator: Iterator[Any] = iter(loader)
    for _ in islice(iterator, 5):
        pass
    start = time.perf_counter()
    for _ in islice(iterator, batches):
        pass
    return batches * CLIPS * FRAMES / (time.perf_counter() - start)


def _step_rate(options: Options) -> float:
    """Images a second of a training step."""
    size = Scale("se_resnet50", HEIGHT, WIDTH, 32 if options.on_gpu else 4, FRAMES)
    step = ProductStep(
        settings(size, PLACEMENT, options.device.type, "auto"), make_batch(size), options.device
    )
    (seconds,) = medians([repeated(step)], options.device, *((20, 50) if options.on_gpu else (1, 2)))
    return size.images / seconds


BENCHMARK = Benchmark("loader", "Reading batches", NOTES, measure, reads=("device", "threads"))

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
