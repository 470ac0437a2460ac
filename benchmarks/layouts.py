"""No hidden layout copies: what torch's profiler sees in one training step.

    python -m benchmarks.layouts [--size quick] [--device cuda]

Whatever copies a tensor, `contiguous`, `clone` or a conversion of type, comes down to `aten::copy_`, whose
shapes and strides the profiler records, inside the convolutions' own code too. A layout copy is one whose
target orders its axes otherwise than its source. Maps are told from weights by their first axis, the frames.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import traced
from benchmarks.harness.records import Record
from benchmarks.harness.steps import PLACEMENT, ProductStep, Scale, make_batch, scale_of, settings

ON_PURPOSE, ALL = "put in on purpose", "all copies"
NOTES = """\
- `layout copies of maps`: in one step. Reference: the same step with one more after each CNN block, put in on
  purpose, to show that the count sees them.
- `layout copies of weights`: what torch's convolutions and fused Adam do with weights and their gradients.
- On a GPU cuDNN may reorder maps inside its own kernels, unseen here.
- `time of all copies`: conversions of weights and maps to bfloat16 included.
"""


def scale(options: Options) -> Scale:
    return scale_of(options, clips_on_gpu=24)  # 96 frames: no weight's first axis


def measure(options: Options) -> Iterator[Record]:
    size = scale(options)
    for precision in ("32-true", "bf16-mixed"):
        chosen = settings(size, PLACEMENT, options.device.type, precision)
        step = ProductStep(chosen, make_batch(size), options.device)
        step()
        copies, time = profiled(step)
        ours = [one for one in copies if is_layout_copy(one)]
        maps = sum(_first(one) == size.images for one in ours)
        for stage in step.module.network.backbone.stages:
            stage.register_forward_hook(channels_first)
        on_purpose = [one for one in profiled(step)[0] if is_layout_copy(one)]
        seen = sum(_first(one) == size.images for one in on_purpose)
        yield Record(f"layout copies of maps, {precision}", maps, seen, ON_PURPOSE, "copies", "share", 0.0)
        weights = len(ours) - maps
        yield Record(f"layout copies of weights, {precision}", weights, len(copies), ALL, "copies", "share")
        if not options.on_gpu:  # there the profiler's times are those of starting kernels
            spent = sum(one["dur"] for one in copies) / 1e6
            yield Record(f"time of all copies, {precision}", spent, time / 1e6, "step", "s", "share")


def _first(event: dict[str, Any]) -> int:
    return int(event["args"]["Input Dims"][0][0])


def channels_first(_: nn.Module, __: Any, output: Tensor) -> Tensor:
    return output.contiguous()


def profiled(step: ProductStep) -> tuple[list[dict[str, Any]], float]:
    """All copies of a step, as events of the trace, and the microseconds of the step."""
    operations = [one for one in traced(step, record_shapes=True) if one.get("cat") == "cpu_op"]
    ends = [one["ts"] + one["dur"] for one in operations]
    time = max(ends) - min(one["ts"] for one in operations)
    return [one for one in operations if one["name"] == "aten::copy_"], time


def is_layout_copy(event: dict[str, Any]) -> bool:
    """Whether an `aten::copy_` of four axes or more changes their order."""
    (target, source, *_), strides = event["args"]["Input Dims"], event["args"]["Input Strides"]
    if target != source or len(target) < 4:
        return False
    return _order(target, strides[0]) != _order(source, strides[1])


def _order(sizes: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Axes from the outermost in storage; those of one entry have no place in it."""
    return sorted((axis for axis in range(len(sizes)) if sizes[axis] > 1), key=lambda axis: -strides[axis])


BENCHMARK = Benchmark(
    "layouts",
    "Layout copies in a step",
    lambda options: f"{scale(options)}.\n\n{NOTES}",
    measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
