"""A training step of the whole network, SE-ResNet50 with COSAM after CNN blocks 4 and 5 and TP_avg.

    python -m benchmarks.step [released=PATH] [--device cuda]

With `released=PATH` the reference is the released code's own network and loss (`benchmarks/released.py`) on
the same clips; without, the same step in the plain way: literal COSAM, channels first, float32, unfused Adam.
All steps are taken in turn, the reference in a process of its own. Ours is uint8 clips on the host to updated
weights: augmentation and normalisation are in it, and are not in the released code's, whose loader does them.
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import command, released
from benchmarks.apart import Apart, Work
from benchmarks.command import Benchmark, Options
from benchmarks.fit import through_lightning
from benchmarks.measure import Steps, at_once, matrix_ceiling, medians, repeated, seconds
from benchmarks.plain_step import plain
from benchmarks.records import Record
from benchmarks.training import (
    IDENTITIES,
    ProductStep,
    Scale,
    make_batch,
    peak_of_steps,
    settings,
)
from benchmarks.variants import PLACEMENT, VARIANTS, aimed, step_settings, variants
from reid_cosam import build
from reid_cosam.settings import TrainSettings

EXPECTED_GFLOP = 23.6  # a frame: 3 forward passes, 2 operations a multiply-add, last stride 1
AIMED_TFLOPS = 100.0  # on a GPU
ITERATIONS, CLIPS = 60_000, 32  # the paper's training
NOTES = """\
- `step`: seconds from uint8 clips on the host to updated weights, the median of steps taken in turn.
- `model TFLOP/s`: three times what `torch.utils.flop_counter` counts in a forward pass; the ceiling is the
  fastest of many matrix products in the same type, by themselves and as 1x1 convolutions. On a GPU both take
  TF32 for float32 in convolutions, as torch starts.
- `peak memory`: weights, gradients and optimiser state, and the most that a step adds to them.
- `60,000 iterations`: of 32 clips at this pace of images; without evaluations and checkpoints.
- `through Trainer.fit`: the same steps with Lightning's loop, logging and data fetching around them.
"""


def scale(options: Options) -> Scale:
    if options.size == "check":
        return Scale("se_resnet_tiny", 64, 32, 4, 2)
    if options.device.type == "cuda":
        return Scale("se_resnet50", 256, 128, CLIPS, 4)
    return Scale("se_resnet50", 256, 128, 4, 4)


def rounds(options: Options) -> tuple[int, int]:
    """Steps to warm up, and to measure."""
    if options.device.type == "cuda":
        return 20, 200
    return {"check": (1, 1), "quick": (1, 3), "full": (2, 9)}[options.size]


def forward_flops(chosen: TrainSettings) -> float:
    """Operations of a forward pass on one clip, two a multiply-add; counted without computing anything."""
    with FakeTensorMode():
        data = chosen.data
        network = build.make_network(chosen, IDENTITIES)
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, chosen.num_frames, 3, data.height, data.width))
    return float(counter.get_total_flops())


def reference(options: Options, size: Scale) -> Work:
    """The released code's step, or one in the plain way; and the peak of its memory."""
    device, batch = options.device, make_batch(size)
    step: ProductStep | released.ReleasedStep
    if options.released is not None:
        step = released.ReleasedStep(released.load(options.released), batch, IDENTITIES, device)
    else:
        step = plain(ProductStep(settings(size, PLACEMENT, device.type, "32-true"), batch, device))
    return {"step": step, "peak": lambda: peak_of_steps(step, device)}


def _check(options: Options, size: Scale) -> None:
    if options.released is None:
        return
    released.source_of(options.released)  # an error here says more than one in the other process
    if (size.height, size.width) != (256, 128):
        raise ValueError("the released code knows SE-ResNet50 on 256x128 images only: leave --size check out")


def measure(options: Options, advance: Callable[[], None]) -> Sequence[Record]:
    size = scale(options)
    _check(options, size)
    against = "plain step, float32" if options.released is None else "released code"
    with Apart(partial(reference, options, size), options.threads) as apart:
        return _measure(options, size, against, apart, advance)


def _measure(
    options: Options, size: Scale, against: str, apart: Apart, advance: Callable[[], None]
) -> Sequence[Record]:
    device = options.device
    chosen = {name: step_settings(size, device.type, name) for name in variants(options)}
    steps = {name: ProductStep(one, make_batch(size), device) for name, one in chosen.items()}
    steps = {name: step for name, step in steps.items() if not VARIANTS[name].compiled or _compiles(step)}
    timed: list[Steps] = [*map(repeated, steps.values()), partial(apart, "step")]
    *ours, theirs = medians(timed, device, *rounds(options))
    advance()
    their_peak = apart("peak")
    flops = 3 * forward_flops(chosen["float32"]) * size.clips
    records = []
    for (name, step), own in zip(steps.items(), ours, strict=True):
        peak = peak_of_steps(step, device)
        records += _records(name, options, size, against, (own, theirs), (peak, their_peak), flops)
        advance()
    per_frame = flops / size.images / 1e9
    if options.size != "check":
        records.append(
            Record("operations of a step", per_frame, EXPECTED_GFLOP, "expected", "GFLOP/frame", "share")
        )
    around = _around(chosen["bf16"], steps["bf16"], size, *rounds(options))
    advance()
    return [*records, around]


def _compiles(step: ProductStep) -> bool:
    """A machine without a compiler costs these figures and no others."""
    try:
        step()
    except Exception as error:
        print(f"not measured compiled: {error}", file=sys.stderr)
        return False
    return True


def _records(
    name: str,
    options: Options,
    size: Scale,
    against: str,
    times: tuple[float, float],
    peaks: tuple[int, int],
    flops: float,
) -> list[Record]:
    """What one precision gives; pairs are ours and the reference's."""
    kind = options.device.type
    aim = aimed(kind, name) if options.size != "check" else None
    images = size.images / times[0], size.images / times[1]
    per_step = ITERATIONS * CLIPS / size.clips / 3600
    hours = per_step * times[0], per_step * times[1]
    gigabytes = peaks[0] / 1e9, peaks[1] / 1e9
    ceiling = matrix_ceiling(options.device, VARIANTS[name].dtype) / 1e12
    achieved = flops / times[0] / 1e12
    records = [
        Record(f"step, {name}", *times, against, "s", "less", aim),
        Record(f"images, {name}", *images, against, "1/s", "more"),
        Record(f"peak memory, {name}", *gigabytes, against, "GB", "less"),
        Record(f"model TFLOP/s, {name}", achieved, ceiling, "matrix product", "TFLOP/s", "share"),
        Record(f"60,000 iterations, {name}", *hours, against, "h", "less"),
    ]
    if kind == "cuda" and name != "float32":
        records.append(
            Record(f"model TFLOP/s, {name}", achieved, AIMED_TFLOPS, "the aim", "TFLOP/s", "more", 1)
        )
    return records


def _around(chosen: TrainSettings, step: ProductStep, size: Scale, warm_up: int, repetitions: int) -> Record:
    """A step of `Trainer.fit` beside a bare one, in turn."""
    bare: list[float] = []
    together = at_once(step.device)
    count = warm_up + repetitions + together
    inside = through_lightning(
        chosen, make_batch(size), count, lambda _: bare.append(seconds(repeated(step), step.device, together))
    )
    warm_up = warm_up // together
    taken = statistics.median(inside[warm_up:]), statistics.median(bare[warm_up + 1 :])
    return Record("through Trainer.fit, bf16", *taken, "bare step", "s", "less")


BENCHMARK = Benchmark(
    "step",
    "A training step",
    lambda options: f"{scale(options)}.\n\n{NOTES}",
    parts=lambda options: 2 + len(variants(options)),
    measure=measure,
    reads=("device", "released", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
