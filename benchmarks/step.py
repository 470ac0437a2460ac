"""A training step of the whole network, SE-ResNet50 with COSAM after CNN blocks 4 and 5 and TP_avg.

    python -m benchmarks.step [released=PATH] [--device cuda]

With `released=PATH` the reference is the released code's own network and loss (`references/released.py`) on
the same clips; without, the same step in the plain way: literal COSAM, channels first, float32, unfused Adam.
All steps are taken in turn, the reference in a process of its own. Ours is from uint8 clips on the host to
updated weights: it includes augmentation and normalisation, which the released code's loader does.
"""

import statistics
import sys
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch

from benchmarks.harness import command
from benchmarks.harness.apart import Apart, Work
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.fit import through_lightning
from benchmarks.harness.measure import Steps, at_once, matrix_ceiling, medians, repeated, seconds
from benchmarks.harness.records import Record
from benchmarks.harness.steps import (
    IDENTITIES,
    PLACEMENT,
    ProductStep,
    Scale,
    forward_flops,
    make_batch,
    peak_of_steps,
    rounds,
    scale_of,
    settings,
)
from benchmarks.references import released
from benchmarks.references.step import plain
from reid_cosam.settings import TrainSettings


class Variant(NamedTuple):
    """How a step is computed. `aim`: how many times as fast as the released code on a CPU."""

    precision: str
    dtype: torch.dtype
    compiled: bool = False
    deterministic: str = "warn"
    aim: float | None = None


# A CPU's kernels repeat their numbers anyway, and compiling takes longer there than it saves.
ON_CPU = {
    "float32": Variant("32-true", torch.float32, aim=1.0),
    "bf16": Variant("bf16-mixed", torch.bfloat16, aim=2.0),
}
ON_GPU = ON_CPU | {
    "bf16, fastest kernels": Variant("bf16-mixed", torch.bfloat16, deterministic="false"),
    "bf16, compiled": Variant("bf16-mixed", torch.bfloat16, compiled=True),
    "bf16, compiled, fastest kernels": Variant("bf16-mixed", torch.bfloat16, True, "false"),
}
AIM_ON_GPU = 3.0  # in bfloat16
EXPECTED_GFLOP = 23.6  # per frame: 3 forward passes, 2 operations per multiply-add, last stride 1
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
    return scale_of(options, quick=(256, 128))


def reference(options: Options, size: Scale) -> Work:
    """The released code's step, or one in the plain way; and the peak of its memory."""
    device, batch = options.device, make_batch(size)
    step: ProductStep | released.ReleasedStep
    if options.released is not None:
        step = released.ReleasedStep(released.load(options.released), batch, IDENTITIES, device)
    else:
        step = plain(ProductStep(settings(size, PLACEMENT, device.type, "32-true"), batch, device))
    return {"step": step, "peak": lambda: peak_of_steps(step, device)}


def measure(options: Options) -> Iterator[Record]:
    size, against = scale(options), "plain step, float32"
    if options.released is not None:
        against = "released code"
        released.source_of(options.released)  # an error here says more than one in the other process
        if options.size == "check":
            raise ValueError(
                "the released code knows SE-ResNet50 on 256x128 images only: leave --size check out"
            )
    with Apart(partial(reference, options, size), options.threads) as apart:
        yield from _measured(options, size, against, apart)


def _measured(options: Options, size: Scale, against: str, apart: Apart) -> Iterator[Record]:
    device, variants = options.device, ON_GPU if options.on_gpu else ON_CPU
    chosen = {name: _settings(size, device.type, one) for name, one in variants.items()}
    steps = {name: ProductStep(one, make_batch(size), device) for name, one in chosen.items()}
    steps = {name: step for name, step in steps.items() if not variants[name].compiled or _compiles(step)}
    timed: list[Steps] = [*map(repeated, steps.values()), partial(apart, "step")]
    *ours, theirs = medians(timed, device, *rounds(options))
    their_peak = apart("peak")
    flops = 3 * forward_flops(chosen["float32"]) * size.clips
    for (name, step), own in zip(steps.items(), ours, strict=True):
        images, hours = size.images, ITERATIONS * CLIPS / size.clips / 3600
        aim = variants[name].aim
        if options.on_gpu:
            aim = None if name == "float32" else AIM_ON_GPU
        yield Record(f"step, {name}", own, theirs, against, "s", "less", aim)
        yield Record(f"images, {name}", images / own, images / theirs, against, "1/s", "more")
        peak = peak_of_steps(step, device)
        yield Record(f"peak memory, {name}", peak / 1e9, their_peak / 1e9, against, "GB", "less")
        ceiling, achieved = matrix_ceiling(device, variants[name].dtype) / 1e12, flops / own / 1e12
        yield Record(f"model TFLOP/s, {name}", achieved, ceiling, "matrix product", "TFLOP/s", "share")
        yield Record(f"60,000 iterations, {name}", hours * own, hours * theirs, against, "h", "less")
        if options.on_gpu and name != "float32":
            yield Record(f"model TFLOP/s, {name}", achieved, AIMED_TFLOPS, "the aim", "TFLOP/s", "more", 1)
    if options.size != "check":
        per_frame = flops / size.images / 1e9
        yield Record("operations of a step", per_frame, EXPECTED_GFLOP, "expected", "GFLOP/frame", "share")
    yield _around(chosen["bf16"], steps["bf16"], size, *rounds(options))


def _settings(size: Scale, device: str, variant: Variant) -> TrainSettings:
    how = (f"trainer.compile={variant.compiled}", f"trainer.deterministic={variant.deterministic}")
    return settings(size, PLACEMENT, device, variant.precision, *how)


def _compiles(step: ProductStep) -> bool:
    """Without a compiler on the machine only these figures are missing."""
    try:
        step()
    except Exception as error:
        print(f"not measured compiled: {error}", file=sys.stderr)
        return False
    return True


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
    measure,
    reads=("device", "released", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
