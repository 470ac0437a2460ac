"""What each choice in a training step is worth, to the step and to its components: from the plain step to the
product's, one change at a time.

    python -m benchmarks.changes [--size quick] [--device cuda]

All steps and all their components are taken in turn. Compiling is a change of the whole step alone:
`benchmarks.step` shows it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from benchmarks.breakdown import taken_apart
from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import Step, medians, repeated
from benchmarks.harness.records import Record
from benchmarks.harness.steps import PLACEMENT, ProductStep, Scale, make_batch, rounds, scale_of, settings
from benchmarks.references.step import ANY_KERNELS, CHANNELS_FIRST, UNFUSED, WAYS, plain

NOTES = """\
- Milliseconds before any change, and after each, every one added to those before it; in brackets how many
  times faster than before that change. `all changes`: the last beside the first.
- `plain step`: the literal form of COSAM, maps with the channels first, float32 (on a GPU TF32 in
  convolutions, as torch starts), Adam as torch runs it unless asked, and on a GPU the fastest kernels.
  Its augmentation is ours: `benchmarks.loader` has a plain one.
"""


class Stage(NamedTuple):
    """What is changed, and in which ways the step is plain still."""

    change: str
    ways: tuple[str, ...]
    precision: str = "32-true"


STAGES = (
    Stage("plain step", WAYS),
    Stage("linear COSAM", (CHANNELS_FIRST, UNFUSED, ANY_KERNELS)),
    Stage("channels last", (UNFUSED, ANY_KERNELS)),
    Stage("fused Adam", (ANY_KERNELS,)),
    Stage("bf16", (ANY_KERNELS,), "bf16-mixed"),
    Stage("kernels that repeat their numbers", (), "bf16-mixed"),
)


def stages(options: Options) -> Sequence[Stage]:
    """A CPU's kernels repeat their numbers anyway."""
    return STAGES if options.device.type == "cuda" else STAGES[:-1]


def measure(options: Options) -> Sequence[Record]:
    size, chosen = scale_of(options), stages(options)
    parts = [_parts(options, size, one) for one in chosen]
    timed = [repeated(part) for one in parts for part in one.values()]
    found = iter(medians(timed, options.device, *rounds(options)))
    seconds = [dict(zip(one, found, strict=False)) for one in parts]
    named = [
        (after.change, before.change, then, now)
        for (before, after), (then, now) in zip(pairwise(chosen), pairwise(seconds), strict=True)
    ]
    named.append(("all changes", chosen[0].change, seconds[0], seconds[-1]))
    return [
        Record(name, 1e3 * now[name], 1e3 * then[name], against, "ms", "less", case=change)
        for change, against, then, now in named
        for name in now
    ]


def _parts(options: Options, size: Scale, stage: Stage) -> dict[str, Step]:
    device = options.device
    step = ProductStep(settings(size, PLACEMENT, device.type, stage.precision), make_batch(size), device)
    plain(step, stage.ways)
    step()
    return {"whole step": step, **taken_apart(step)}


BENCHMARK = Benchmark(
    "changes",
    "The step, change by change",
    lambda options: f"{scale_of(options)}, COSAM after CNN blocks 4 and 5.\n\n{NOTES}",
    measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
