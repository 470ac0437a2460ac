"""What the fused forms of `models/ops` save, against the readable forms that they replace.

    python -m benchmarks.formulas [--size quick] [--threads 1] [--device cuda]

Each is exchanged for what it replaces, in a whole training step, and those that COSAM calls also in a COSAM
layer (as in `benchmarks.cosam`, of 4 clips of 4 frames at every block), forward and backward. On a CPU the
time is that of the process on all its threads, so that other work on the machine matters less.
"""

import statistics
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.cosam import CHANNELS, MAP_SIZE, REDUCED, Pass
from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import Step, own_seconds, peak_bytes
from benchmarks.harness.records import Record
from benchmarks.harness.steps import ProductStep, Scale, make_batch, peak_of_steps, scale_of, settings
from reid_cosam.models import aggregators, backbones, correlation, cosam
from reid_cosam.models.cosam import Cosam, CosamOutput
from reid_cosam.models.ops.location_mean import location_mean
from reid_cosam.training.cpu_memory import keep_memory

Form = Mapping[tuple[object, str], object]  # what takes a function's place in a module


def _mean(maps: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return maps.mean(dim=(-2, -1), dtype=dtype)


def _masked_by_products(
    mean: Callable[[Tensor], Tensor], layer: Cosam, maps: Float[Tensor, "b t d h w"]
) -> CosamOutput:
    """COSAM's forward pass with the masked maps written out, once for both of their uses."""
    spatial_mask = layer.spatial_mask(maps)
    masked = maps * spatial_mask.to(maps.dtype)
    weights = layer.channel_mlp(mean(masked)).mean(dim=1)
    factors = 1 + weights if layer.residual else weights
    return CosamOutput(masked * factors.to(maps.dtype)[:, None, :, None, None], spatial_mask, weights)


def _masking(mean: Callable[[Tensor], Tensor]) -> Form:
    return {(Cosam, "forward"): lambda layer, maps: _masked_by_products(mean, layer, maps)}


IN_A_LAYER: dict[str, Form] = {
    "correlation": {(cosam, "correlate"): correlation.correlate},
    "masking, torch's mean": _masking(_mean),
    "masking, location_mean": _masking(location_mean),
}
READABLE: dict[str, Form] = IN_A_LAYER | {
    "location mean": {(place, "location_mean"): _mean for place in (aggregators, backbones)},
}
CASES: dict[str, tuple[Sequence[int], Sequence[tuple[int, ...]]]] = {
    "check": ((5,), [(4, 5)]),
    "quick": ((2, 5), [(4, 5)]),
    "full": ((2, 3, 4, 5), [(4, 5), (2, 3, 4, 5)]),
}
ROUNDS = {"check": 1, "quick": 3, "full": 9}
NOTES = """\
- `ours` has all fused forms, `reference` the readable one for the one named; medians of passes in turn.
- `masking` is against products, the mean of the masked maps by torch's own or by `ops.location_mean`.
- `memory`: of a layer, its peak over what was held before; of a step, with weights and the optimiser's state.
"""


@contextmanager
def readable(name: str | None) -> Iterator[None]:
    """With that fused form exchanged for what it replaces."""
    with ExitStack() as stack:
        for (place, function), instead in READABLE.get(name or "", {}).items():
            stack.enter_context(patch.object(place, function, instead))
        yield


def measure(options: Options) -> Iterator[Record]:
    if options.device.type == "cpu":
        keep_memory()  # as training does
    blocks, placements = CASES[options.size]
    for bf16 in (False, True):
        kind = "bf16" if bf16 else "float32"
        for block in blocks:
            step = _layer(block, bf16, options.device)
            case = f"layer, block {block}, {kind}"
            yield from compare(case, step, IN_A_LAYER, partial(peak_bytes, step, options.device), options)
        for placement in placements:
            train = _step(placement, bf16, options)
            case = f"step, cosam={list(placement)}, {kind}"
            yield from compare(case, train, READABLE, partial(peak_of_steps, train, options.device), options)


def compare(
    case: str, step: Step, names: Collection[str], peak: Callable[[], int], options: Options
) -> Iterator[Record]:
    """Time and memory as it is, and with each of the named readable forms."""
    forms, times = (None, *names), dict[str | None, list[float]]()
    for _ in range(1 + ROUNDS[options.size]):
        for form in forms:
            with readable(form):
                times.setdefault(form, []).append(own_seconds(step, options.device))
    medians = {form: statistics.median(taken[1:]) for form, taken in times.items()}
    peaks = dict[str | None, int]()
    for form in forms:
        with readable(form):
            peaks[form] = peak()
    for name in names:
        spent, held = (medians[None], medians[name]), (peaks[None], peaks[name])
        yield Record(f"{case}: time", 1e3 * spent[0], 1e3 * spent[1], name, "ms", "less")
        yield Record(f"{case}: memory", held[0] / 1e6, held[1] / 1e6, name, "MB", "less")


def _layer(block: int, bf16: bool, device: torch.device) -> Step:
    torch.manual_seed(0)
    layer = Cosam(CHANNELS[block], 4, MAP_SIZE[block], REDUCED).to(device)
    maps = torch.rand(16, CHANNELS[block], *MAP_SIZE[block], device=device)
    maps = maps.to(torch.bfloat16 if bf16 else torch.float32).contiguous(memory_format=torch.channels_last)
    both = Pass(layer, maps.requires_grad_(), (4, 4), torch.randn_like(maps))

    def step() -> None:
        both.forget()
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            output = both.output()
        output.backward(both.gradient)
        both.forget()

    return step


def _scale(options: Options) -> Scale:
    return scale_of(options, clips_on_gpu=4)


def _step(placement: tuple[int, ...], bf16: bool, options: Options) -> ProductStep:
    size = _scale(options)
    precision = "bf16-mixed" if bf16 else "32-true"
    return ProductStep(
        settings(size, placement, options.device.type, precision), make_batch(size), options.device
    )


BENCHMARK = Benchmark(
    "formulas",
    "Fused forms against readable ones",
    lambda options: f"{NOTES}- `step`: of {_scale(options)}.\n",
    measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
