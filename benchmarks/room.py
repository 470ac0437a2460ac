"""What the largest step needs of 80 GB: 32 clips of N = 8 frames with COSAM after CNN block 2, at full size.

    python -m benchmarks.room [--device cuda]

By arithmetic, without a GPU: forward and backward pass run on tensors that have shapes but no storage
(torch's `FakeTensorMode`), while every new storage is added up until it is freed. What the literal forms take
more is measured on one clip, where copies inside the kernels count too, times 32. On CUDA ours runs as well,
and the allocator says what it took.
"""

import weakref
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.cosam import Pass
from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import peak_bytes
from benchmarks.harness.records import Record
from benchmarks.harness.steps import (
    IDENTITIES,
    ProductStep,
    Scale,
    make_batch,
    peak_of_steps,
    settings,
)
from benchmarks.references.literal_cosam import literal
from benchmarks.references.released import ReleasedCode, load, released_layer
from reid_cosam import build
from reid_cosam.models.cosam import Cosam
from reid_cosam.settings import TrainSettings

ROOM = 80e9
PLACEMENTS = ((2,), (2, 3, 4, 5))
ADAM = 2  # numbers of state a weight
NOTES = """\
- Weights, gradients, Adam's state and the most that is held between; scratch space of single kernels and what
  the allocator cannot reuse come on top. Ours in bf16, as a GPU trains.
- `literal` writes out the cost volume once, N (N - 1) (HW)^2 numbers of 4 bytes a clip: 30 GB for the batch
  after CNN block 2, and as much for its gradient. `released code` (with `released=PATH`) is its own layer, in
  float32 as it runs; its volume is permuted before a convolution that wants it contiguous.
"""


def scale(options: Options) -> Scale:
    if options.size == "check":
        return Scale("se_resnet_tiny", 64, 32, 4, 2)
    return Scale("se_resnet50", 256, 128, 32, 8)


class Held(TorchDispatchMode):
    """Adds up the storages that operations make, until they are freed.

    Attributes:
        now, peak: bytes.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._seen = set[int]()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for one in tree_leaves(result):
            if isinstance(one, Tensor):
                self._add(one.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._seen:
            return
        self._seen.add(key)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._free, key, storage.nbytes())

    def _free(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size


def peak_by_arithmetic(chosen: TrainSettings, clips: int, bf16: bool) -> int:
    """Bytes of a training step, the loss left out."""
    data = chosen.data
    with FakeTensorMode(), Held() as held:
        network = build.make_network(chosen, IDENTITIES).train()
        weights = sum(one.numel() * one.element_size() for one in network.parameters())
        frames = torch.empty(clips, chosen.num_frames, data.height, data.width, 3).permute(0, 1, 4, 2, 3)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = network(frames)
        (output.descriptors.sum() + output.logits.sum()).backward()
    return int(held.peak + ADAM * weights)


def peaks_of_layers(chosen: TrainSettings, code: ReleasedCode | None) -> dict[str, int]:
    """Bytes that the forms of the layer after block 2 add on one clip, measured on a CPU in float32."""
    layer = cast(Cosam, build.make_network(chosen, IDENTITIES).attention["2"])
    frames, channels, height, width = layer.expected
    maps = torch.rand(frames, channels, height, width).requires_grad_()
    gradient = torch.randn_like(maps)
    forms: dict[str, nn.Module] = {"linear": layer, "literal": literal(layer)}
    if code is not None:
        forms["released code"] = released_layer(code, channels, frames, (height, width))
    return {
        name: peak_bytes(Pass(form, maps, (1, frames), gradient), torch.device("cpu"))
        for name, form in forms.items()
    }


def measure(options: Options) -> Iterator[Record]:
    size = scale(options)
    code = load(options.released) if options.released else None
    for placement in PLACEMENTS:
        chosen = settings(size, placement, "cpu", "32-true")
        ours = {bf16: peak_by_arithmetic(chosen, size.clips, bf16) for bf16 in (True, False)}
        name = f"cosam={list(placement)}, N={size.frames}"
        yield _record(f"linear, {name}", ours[True], 1.0)
        if placement == (2,):
            layers = peaks_of_layers(chosen, code)
            for form in sorted(layers.keys() - {"linear"}):
                more = size.clips * (layers[form] - layers["linear"])
                yield _record(f"{form}, {name}", ours[form == "literal"] + more)
        if options.on_gpu:
            step = ProductStep(settings(size, placement, "cuda", "auto"), make_batch(size), options.device)
            step()
            yield _record(f"taken, {name}", peak_of_steps(step, options.device), 1.0)
            del step


def _record(name: str, peak: float, aim: float | None = None) -> Record:
    return Record(name, peak / 1e9, ROOM / 1e9, "80 GB", "GB", "share", aim)


BENCHMARK = Benchmark(
    "room",
    "The largest step in 80 GB",
    lambda options: f"{scale(options)}.\n\n{NOTES}",
    measure,
    reads=("device", "released", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
