"""One COSAM layer: the linear form against the literal cost volume, and every head against it.

    python -m benchmarks.cosam [--size quick] [--threads 1] [--device cuda]

Maps are those of 256x128 images behind CNN blocks 2 to 5 of a ResNet-50 (last stride 1), channels last as the
network passes them on. The linear and the literal form must agree first. Time is the median of interleaved
repetitions, memory the peak of one forward and backward (output and gradients included) over what was held
before. Heads are compared by the time of the process, with the paper's head in its readable linear-time form.
"""

import statistics
from collections.abc import Callable, Iterator
from copy import deepcopy
from unittest.mock import patch

import torch
from torch import Tensor, nn

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import Step, interleaved_medians, own_seconds, peak_bytes
from benchmarks.harness.records import Record
from benchmarks.references.literal_cosam import LiteralCosam
from reid_cosam.models import correlation, cosam
from reid_cosam.models.cosam import Cosam, CosamOutput
from reid_cosam.models.general_cosam import PooledCosam, PrototypeCosam
from reid_cosam.training.cpu_memory import keep_memory

CHANNELS = {2: 256, 3: 512, 4: 1024, 5: 2048}
MAP_SIZE = {2: (64, 32), 3: (32, 16), 4: (16, 8), 5: (16, 8)}
BATCH = {2: 1, 3: 2, 4: 4, 5: 4}  # at block 2 with 8 frames the literal form needs gigabytes a clip
ON_GPU = {2: 8, 3: 16, 4: 64, 5: 64}  # times as many clips, or a GPU would do little but start kernels
REDUCED = 256
CASES = {
    "check": [(5, 2)],
    "quick": [(2, 4), (4, 4), (5, 4)],
    "full": [(block, frames) for block in CHANNELS for frames in (2, 4, 8)],
}
HEADS: dict[str, Callable[[int, int, tuple[int, int]], nn.Module]] = {
    "paper": lambda channels, frames, size: Cosam(channels, frames, size, REDUCED),
    "released": lambda channels, frames, size: Cosam(channels, frames, size, REDUCED, "released"),
    "pooled": lambda channels, *_: PooledCosam(channels, REDUCED),
    "prototypes": lambda channels, *_: PrototypeCosam(channels, REDUCED),
}
READABLE = "paper, readable form"
HEAD_CASES = {
    "check": [(5, 2)],
    "quick": [(4, frames) for frames in (2, 4, 8, 64)],
    "full": [(block, frames) for block in CHANNELS for frames in (2, 4, 8, 64)],
}
ROUNDS = {"check": 1, "quick": 5, "full": 5}
SECONDS = {"check": 0.1, "quick": 3.0, "full": 3.0}  # spent on the repetitions of one measurement
NOTES = """\
- `head`: from the reduced maps to the mask, by the correlations. The only part in which the forms differ: the
  literal one fills the cost volume. Aim at block 2, N = 4: 8x faster, 20x less memory.
- `layer`: the head and what both forms share: the reducing convolution with its BatchNorm, and the products
  with mask and channel weights. Aims: 8x faster at block 2, N = 4; nowhere below 0.95x. The maps that both
  forms hold are most of its memory, so less is saved of the whole.
- Heads: the layer with each, against the paper's with `correlation.correlate`. Aim at block 4: at most 1.3
  times the time and memory, which is 0.77x.
"""


class Pass:
    """A forward and backward pass of one module on fixed maps."""

    def __init__(self, module: nn.Module, maps: Tensor, clip: tuple[int, int], gradient: Tensor) -> None:
        self.module, self.maps, self.clip, self.gradient = module, maps, clip, gradient

    def __call__(self) -> None:
        self.output().backward(self.gradient)

    def output(self) -> Tensor:
        self.forget()
        output: CosamOutput | Tensor = self.module(self.maps.unflatten(0, self.clip))
        return output if isinstance(output, Tensor) else output.maps.flatten(0, 1)

    def forget(self) -> None:
        self.module.zero_grad(set_to_none=True)
        self.maps.grad = None

    def results(self) -> list[Tensor]:
        output = self.output()
        output.backward(self.gradient)
        # A bias in front of a BatchNorm has no gradient but rounding: the weights are compared.
        leaves = [self.maps, *(weight for weight in self.module.parameters() if weight.ndim > 1)]
        return [output.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]


def assert_agreement(linear: Cosam, literal: Cosam, maps: Tensor, clip: tuple[int, int]) -> None:
    """Output and gradients are equal in float64; in float32 rounding may flip single ReLUs."""
    exact = maps.detach().double().requires_grad_()
    gradient = torch.randn_like(exact)
    forms = (deepcopy(form).double() for form in (linear, literal))
    ours, theirs = (Pass(form, exact, clip, gradient).results() for form in forms)
    for first, second in zip(ours, theirs, strict=True):
        error = ((first - second).norm() / second.norm()).item()
        assert error < 1e-9, f"the two forms differ by {error:.1e}"


def measure(options: Options) -> Iterator[Record]:
    for block, frames in CASES[options.size]:
        yield from compare(block, frames, options)
    if options.device.type == "cpu":
        keep_memory()  # as training does
    for block, frames in HEAD_CASES[options.size]:
        yield from compare_heads(block, frames, options)


def compare(block: int, frames: int, options: Options) -> Iterator[Record]:
    """Time and memory of the layer and of its mask head."""
    device = options.device
    torch.manual_seed(0)
    size = (CHANNELS[block], frames, MAP_SIZE[block], REDUCED)
    linear, literal = Cosam(*size).to(device), LiteralCosam(*size).to(device)
    literal.load_state_dict(linear.state_dict())
    clip = (BATCH[block] * (ON_GPU[block] if options.on_gpu else 1), frames)
    maps = _maps(clip, CHANNELS[block], MAP_SIZE[block], device)
    assert_agreement(linear, literal, maps, clip)
    reduced_maps = _maps(clip, REDUCED, MAP_SIZE[block], device)
    parts = {
        "head": (linear.mask_head, literal.mask_head, reduced_maps, torch.randn_like(reduced_maps[:, :1])),
        "layer": (linear, literal, maps, torch.randn_like(maps)),
    }
    case, least = f"block {block}, N={frames}", 8.0 if (block, frames) == (2, 4) else None
    for part, (*forms, given, gradient) in parts.items():
        ours, theirs = (Pass(form, given, clip, gradient) for form in forms)
        seconds = interleaved_medians(ours, theirs, device, SECONDS[options.size])
        ms = 1e3 * seconds[0], 1e3 * seconds[1]
        mb = _peak(ours, device) / 1e6, _peak(theirs, device) / 1e6
        faster = least or (0.95 if part == "layer" else None)
        smaller = 20.0 if least and part == "head" else None
        yield Record(f"{part}, {case}: time", *ms, "literal", "ms", "less", faster)
        yield Record(f"{part}, {case}: memory", *mb, "literal", "MB", "less", smaller)


def compare_heads(block: int, frames: int, options: Options) -> Iterator[Record]:
    """Time and memory of the layer with each head, beside the paper's in its readable form."""
    device = options.device
    torch.manual_seed(0)
    # one long clip stands for several short ones
    clip = (max(1, BATCH[block] * (ON_GPU[block] if options.on_gpu else 1) * 8 // max(8, frames)), frames)
    maps = _maps(clip, CHANNELS[block], MAP_SIZE[block], device)
    gradient = torch.randn_like(maps)
    made = {name: make(CHANNELS[block], frames, MAP_SIZE[block]).to(device) for name, make in HEADS.items()}
    passes = {name: Pass(layer, maps, clip, gradient) for name, layer in made.items()}
    readable = Pass(deepcopy(made["paper"]), maps, clip, gradient)

    def readable_pass() -> None:
        with patch.object(cosam, "correlate", correlation.correlate):
            readable()

    steps: dict[str, Step] = {READABLE: readable_pass, **passes}
    rounds = [
        {name: own_seconds(step, device) for name, step in steps.items()}
        for _ in range(1 + ROUNDS[options.size])
    ]
    ms = {name: 1e3 * statistics.median(one[name] for one in rounds[1:]) for name in steps}
    mb = {}
    for name, step in steps.items():
        for one in (readable, *passes.values()):
            one.forget()
        mb[name] = peak_bytes(step, device) / 1e6
    case, aim = f"block {block}, N={frames}", 1 / 1.3 if block == 4 else None
    for name in passes:
        yield Record(f"{name}, {case}: time", ms[name], ms[READABLE], READABLE, "ms", "less", aim)
        yield Record(f"{name}, {case}: memory", mb[name], mb[READABLE], READABLE, "MB", "less", aim)


def _peak(step: Pass, device: torch.device) -> int:
    step.forget()
    peak = peak_bytes(step, device)
    step.forget()
    return peak


def _maps(clip: tuple[int, int], channels: int, size: tuple[int, int], device: torch.device) -> Tensor:
    maps = torch.rand(clip[0] * clip[1], channels, *size, device=device)
    return maps.contiguous(memory_format=torch.channels_last).requires_grad_()


BENCHMARK = Benchmark(
    "cosam",
    "A COSAM layer in linear time",
    NOTES,
    measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
