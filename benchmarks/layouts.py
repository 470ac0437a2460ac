"""No hidden layout copies: what torch's profiler sees in one training step.

    python -m benchmarks.layouts [--size quick] [--device cuda]

Whatever copies a tensor, `contiguous`, `clone` or a conversion of type, comes down to `aten::copy_`, whose
shapes and strides the profiler records, inside the convolutions' own code too. A layout copy is one whose
target orders its axes otherwise than its source. Maps are told from weights by their first axis, the frames.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from benchmarks import command
from benchmarks.command import Benchmark, Options
from benchmarks.measure import quiet_profile
from benchmarks.records import Record
from benchmarks.training import ProductStep, Scale, make_batch, settings
from benchmarks.variants import PLACEMENT

ON_PURPOSE, ALL = "put in on purpose", "all copies"
NOTES = """\
- `layout copies of maps`: in one step. Reference: the same step with one more after each CNN block, put in on
  purpose, to show that the count sees them.
- `layout copies of weights`: what torch's convolutions and fused Adam do with weights and their gradients.
- On a GPU cuDNN may reorder maps inside its own kernels, unseen here.
- `time of all copies`: conversions of weights and maps to bfloat16 included.
"""


def scale(options: Options) -> Scale:
    if options.size == "check":
        return Scale("se_resnet_tiny", 64, 32, 4, 2)
    if options.device.type == "cuda":
        return Scale("se_resnet50", 256, 128, 24, 4)  # 96 frames: no weight's first axis
    return (
        Scale("se_resnet50", 256, 128, 4, 4)
        if options.size == "full"
        else Scale("se_resnet50", 128, 64, 4, 4)
    )


def measure(options: Options, advance: Callable[[], None]) -> Sequence[Record]:
    size = scale(options)
    records = []
    for precision in ("32-true", "bf16-mixed"):
        chosen = settings(size, PLACEMENT, options.device.type, precision)
        step = ProductStep(chosen, make_batch(size), options.device)
        step()
        copies, time = profiled(step)
        ours = [one for one in copies if is_layout_copy(one)]
        maps = sum(_first(one) == size.images for one in ours)
        spent = sum(one["dur"] for one in copies)
        for stage in step.module.network.backbone.stages:
            stage.register_forward_hook(channels_first)
        theirs = [one for one in profiled(step)[0] if is_layout_copy(one)]
        seen = sum(_first(one) == size.images for one in theirs)
        records += [
            Record(f"layout copies of maps, {precision}", maps, seen, ON_PURPOSE, "copies", "share", 0.0),
            Record(
                f"layout copies of weights, {precision}",
                len(ours) - maps,
                len(copies),
                ALL,
                "copies",
                "share",
            ),
        ]
        if options.device.type == "cpu":  # on a GPU the profiler's times are those of starting kernels
            records.append(
                Record(f"time of all copies, {precision}", spent / 1e6, time / 1e6, "step", "s", "share")
            )
        advance()
    return records


def _first(event: dict[str, Any]) -> int:
    return int(event["args"]["Input Dims"][0][0])


def channels_first(_: nn.Module, __: Any, output: Tensor) -> Tensor:
    return output.contiguous()


def profiled(step: ProductStep) -> tuple[list[dict[str, Any]], float]:
    """All copies of a step, as events of the trace, and the microseconds of the step."""
    with quiet_profile(record_shapes=True) as profile:
        step()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(trace))
        events = [one for one in json.loads(trace.read_text())["traceEvents"] if one.get("ph") == "X"]
    operations = [one for one in events if one.get("cat") == "cpu_op"]
    ends = [one["ts"] + one["dur"] for one in operations]
    return [one for one in operations if one["name"] == "aten::copy_"], max(ends) - min(
        one["ts"] for one in operations
    )


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
    parts=lambda _: 2,
    measure=measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
