"""The step for other placements of COSAM and other clip lengths, and COSAM's own work in it.

    python -m benchmarks.placements [--size quick] [--device cuda]

COSAM's own work is measured by taking it out: the difference to the same step with `cosam=[]`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import matrix_ceiling, medians, repeated
from benchmarks.harness.records import Record
from benchmarks.harness.steps import (
    ProductStep,
    forward_flops,
    make_batch,
    peak_of_steps,
    rounds,
    scale_of,
    settings,
)

OWN_WORK = 0.12  # of a step, at most


class Case(NamedTuple):
    cosam: tuple[int, ...]
    frames: int

    def __str__(self) -> str:
        return f"cosam={list(self.cosam)}, N={self.frames}"


BARE, USUAL = Case((), 4), Case((4, 5), 4)
CASES = (BARE, USUAL, Case((2, 3, 4, 5), 4), Case((4, 5), 2), Case((4, 5), 8))
NOTES = f"""\
- All cases in turn, each beside `{BARE}`: images a second, peak memory, and how much of the matrix product in
  the same type the model's operations reach.
- `COSAM's own work`: what a step takes longer than without it, as a share of the step.
"""


def measure(options: Options) -> Iterator[Record]:
    device = options.device
    sizes = {case: scale_of(options, frames=case.frames) for case in CASES}
    chosen = {case: settings(sizes[case], case.cosam, device.type, "auto") for case in CASES}
    steps = {case: ProductStep(chosen[case], make_batch(sizes[case]), device) for case in CASES}
    timed = [repeated(steps[case]) for case in CASES]
    seconds = dict(zip(CASES, medians(timed, device, *rounds(options)), strict=True))
    in_bf16 = steps[BARE].trainer.precision == "bf16-mixed"
    ceiling = matrix_ceiling(device, torch.bfloat16 if in_bf16 else torch.float32) / 1e12
    images = {case: sizes[case].images / seconds[case] for case in CASES}
    peaks = {case: peak_of_steps(steps[case], device) / 1e9 for case in CASES}
    for case in CASES:
        flops = 3 * forward_flops(chosen[case]) * sizes[case].clips
        achieved = flops / seconds[case] / 1e12
        yield Record(f"images, {case}", images[case], images[BARE], str(BARE), "1/s", "more")
        yield Record(f"model TFLOP/s, {case}", achieved, ceiling, "matrix product", "TFLOP/s", "share")
        yield Record(f"peak memory, {case}", peaks[case], peaks[BARE], str(BARE), "GB", "less")
    added = seconds[USUAL] - seconds[BARE]
    yield Record(f"COSAM's own work, {USUAL}", added, seconds[USUAL], "whole step", "s", "share", OWN_WORK)


BENCHMARK = Benchmark(
    "placements",
    "Placements and clip lengths",
    lambda options: f"{scale_of(options)}, N as named; precision `auto`.\n\n{NOTES}",
    measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
