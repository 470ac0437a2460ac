"""One COSAM layer: the linear form against the literal cost volume, forward and backward.

    python -m benchmarks.cosam [--variant released] [--blocks 2 5] [--frames 4] [--threads 2]

Maps are those of 256x128 images behind CNN blocks 2 to 5 of a ResNet-50 (last stride 1), channels last as the
network passes them on. Both forms must agree first. LEGEND, printed with the table, explains its rows.
Time is the median of interleaved repetitions, memory the peak of one forward and backward (output and
gradients included) over what was held before: see benchmarks/measure.py. One thread is the default: when
others use the machine too, the time of more threads is mostly the wait of one for the other.
"""

import argparse
import json
import sys
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import torch
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn

from benchmarks.literal_cosam import LiteralCosam
from benchmarks.measure import interleaved_medians, machine, peak_bytes
from reid_cosam.models.cosam import Cosam, CosamOutput, Variant

RESULTS = Path(__file__).parent / "results"
CHANNELS = {2: 256, 3: 512, 4: 1024, 5: 2048}
MAP_SIZE = {2: (64, 32), 3: (32, 16), 4: (16, 8), 5: (16, 8)}
BATCH = {2: 1, 3: 2, 4: 4, 5: 4}  # at block 2 with 8 frames the literal form needs gigabytes a clip
SECONDS = 3.0  # spent on the repetitions of one measurement
LEGEND = """\
- `head`: from the reduced maps to the mask, by the correlations. The only part in which the forms differ: the
  literal one fills the cost volume. Aim at block 2, N = 4, variant `paper`: 8x faster, 20x less memory.
- `layer`: the head and what both forms share: the reducing convolution with its BatchNorm, and the products
  with mask and channel weights. Aims: 8x faster at block 2, N = 4; nowhere below 0.95x. The maps that both
  forms hold are most of its memory, so less is saved of the whole.
- `faster`, `less`: the literal form's time and peak memory over the linear form's, forward and backward.
"""
HEADINGS = (
    "block",
    "N",
    "clips",
    "part",
    "linear ms",
    "literal ms",
    "faster",
    "linear MB",
    "literal MB",
    "less",
)


@dataclass(frozen=True)
class Row:
    """Seconds and peak bytes of both forms, for one part of one layer."""

    block: int
    frames: int
    clips: int
    part: str
    linear_seconds: float
    literal_seconds: float
    linear_bytes: int
    literal_bytes: int

    def cells(self) -> list[str]:
        milliseconds = [f"{1e3 * seconds:.1f}" for seconds in (self.linear_seconds, self.literal_seconds)]
        megabytes = [f"{size / 1e6:.1f}" for size in (self.linear_bytes, self.literal_bytes)]
        faster = f"{self.literal_seconds / self.linear_seconds:.2f}x"
        less = f"{self.literal_bytes / self.linear_bytes:.2f}x"
        place = [str(value) for value in (self.block, self.frames, self.clips)]
        return [*place, self.part, *milliseconds, faster, *megabytes, less]


class Pass:
    """A forward and backward pass of one module on fixed maps."""

    def __init__(self, module: nn.Module, maps: Tensor, clip: tuple[int, int], slope: Tensor) -> None:
        self.module, self.maps, self.clip, self.slope = module, maps, clip, slope

    def __call__(self) -> None:
        self.output().backward(self.slope)

    def output(self) -> Tensor:
        self.forget()
        output: CosamOutput | Tensor = self.module(self.maps.unflatten(0, self.clip))
        return output if isinstance(output, Tensor) else output.maps.flatten(0, 1)

    def forget(self) -> None:
        self.module.zero_grad(set_to_none=True)
        self.maps.grad = None

    def results(self) -> list[Tensor]:
        output = self.output()
        output.backward(self.slope)
        # A bias in front of a BatchNorm has no gradient but rounding: the weights are compared.
        leaves = [self.maps, *(weight for weight in self.module.parameters() if weight.ndim > 1)]
        return [output.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]


def assert_agreement(linear: Cosam, literal: Cosam, maps: Tensor, clip: tuple[int, int]) -> None:
    """Output and gradients are equal in float64; in float32 rounding may flip single ReLUs."""
    exact = maps.detach().double().requires_grad_()
    slope = torch.randn_like(exact)
    forms = (deepcopy(form).double() for form in (linear, literal))
    ours, theirs = (Pass(form, exact, clip, slope).results() for form in forms)
    for first, second in zip(ours, theirs, strict=True):
        error = ((first - second).norm() / second.norm()).item()
        assert error < 1e-9, f"the two forms differ by {error:.1e}"


def measure(block: int, frames: int, variant: Variant, device: torch.device) -> list[Row]:
    """Rows for the layer and for its mask head."""
    torch.manual_seed(0)
    # The released code compares in 64 channels where the maps have 256 or fewer.
    reduced = 64 if variant == "released" and block == 2 else 256
    size = (CHANNELS[block], frames, MAP_SIZE[block], reduced, variant)
    linear, literal = Cosam(*size).to(device), LiteralCosam(*size).to(device)
    literal.load_state_dict(linear.state_dict())
    clip = (BATCH[block], frames)
    maps = _maps(clip, CHANNELS[block], MAP_SIZE[block], device)
    assert_agreement(linear, literal, maps, clip)
    layer = _compare((linear, literal), maps, torch.randn_like(maps), clip, device)
    reduced_maps = _maps(clip, reduced, MAP_SIZE[block], device)
    slope = torch.randn_like(reduced_maps[:, :1])
    head = _compare((linear.mask_head, literal.mask_head), reduced_maps, slope, clip, device)
    return [Row(block, frames, clip[0], "head", *head), Row(block, frames, clip[0], "layer", *layer)]


def _maps(clip: tuple[int, int], channels: int, size: tuple[int, int], device: torch.device) -> Tensor:
    maps = torch.rand(clip[0] * clip[1], channels, *size, device=device)
    return maps.contiguous(memory_format=torch.channels_last).requires_grad_()


def _compare(
    forms: tuple[nn.Module, nn.Module],
    maps: Tensor,
    slope: Tensor,
    clip: tuple[int, int],
    device: torch.device,
) -> tuple[float, float, int, int]:
    """Seconds, then peak bytes, of the linear and the literal form."""
    linear, literal = (Pass(form, maps, clip, slope) for form in forms)
    seconds = interleaved_medians(linear, literal, device, SECONDS)
    peaks = []
    for step in (linear, literal):
        step.forget()
        peaks.append(peak_bytes(step, device))
        step.forget()
    return *seconds, peaks[0], peaks[1]


def save(rows: list[Row], title: str, command: str, folder: Path) -> None:
    """Writes cosam.json and cosam.md."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"machine": title, "command": command, "rows": [asdict(row) for row in rows]}
    lines = [
        " | ".join(cells) for cells in (HEADINGS, ["---:"] * len(HEADINGS), *(row.cells() for row in rows))
    ]
    table = "\n".join(f"| {line} |" for line in lines)
    (folder / "cosam.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "cosam.md").write_text(f"`{command}` on {title}\n\n{LEGEND}\n{table}\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cosam", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--variant", choices=get_args(Variant), default="paper")
    parser.add_argument("--blocks", type=int, nargs="+", choices=tuple(CHANNELS), default=list(CHANNELS))
    parser.add_argument("--frames", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of cosam.json and cosam.md")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    rows: list[Row] = []
    console = Console()
    with Progress(console=console, transient=True) as progress:
        cases = [(block, frames) for block in options.blocks for frames in options.frames]
        for block, frames in progress.track(cases, description="COSAM layers"):
            rows += measure(block, frames, options.variant, device)
    table = Table(*HEADINGS, title=f"COSAM ({options.variant}): {machine(device)}")
    for row in rows:
        table.add_row(*row.cells())
    console.print(Markdown(LEGEND))
    console.print(table)
    save(rows, machine(device), " ".join(["python -m benchmarks.cosam", *arguments]), options.out)
    console.print(f"Written: {options.out}/cosam.json, cosam.md")


if __name__ == "__main__":
    main(sys.argv[1:])
