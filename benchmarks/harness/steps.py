"""A training step of the product: its module, optimiser, schedule and precision, on synthetic clips.

`ProductStep` goes through `ReidModule`'s own hooks in Lightning's order, under the flags and the precision
that the product's trainer sets.
"""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from hydra import compose, initialize_config_dir
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.harness.command import Options
from benchmarks.harness.measure import peak_bytes
from reid_cosam import build
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.data.prefetcher import CudaPrefetcher
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.paths import CONF
from reid_cosam.settings import TrainSettings
from reid_cosam.training.lightning_module import ReidModule

PLACEMENT = (4, 5)
IDENTITIES = 625  # of MARS' training set: the classifier's outputs
COMMON = (
    *("logger=none", "backbone.pretrained=false", "data.workers=0"),
    *("trainer.max_steps=60000", "trainer.compile=false"),
)


class Scale(NamedTuple):
    """The size of a step."""

    backbone: str
    height: int
    width: int
    clips: int
    frames: int

    @property
    def images(self) -> int:
        return self.clips * self.frames

    def __str__(self) -> str:
        return f"{self.backbone}, {self.clips} clips x {self.frames} frames of {self.height}x{self.width}"


def scale_of(
    options: Options, clips_on_gpu: int = 32, frames: int = 4, quick: tuple[int, int] = (128, 64)
) -> Scale:
    """What a step is measured at: 4 clips on a CPU, whose images are smaller in the size `quick`."""
    if options.size == "check":
        return Scale("se_resnet_tiny", 64, 32, 4, min(frames, 2))
    if options.on_gpu:
        return Scale("se_resnet50", 256, 128, clips_on_gpu, frames)
    height, width = (256, 128) if options.size == "full" else quick
    return Scale("se_resnet50", height, width, 4, frames)


def rounds(options: Options) -> tuple[int, int]:
    """Steps to warm up, and to measure."""
    if options.on_gpu:
        return 20, 200
    return {"check": (1, 1), "quick": (1, 3), "full": (2, 9)}[options.size]


def settings(scale: Scale, cosam: Sequence[int], device: str, precision: str, *more: str) -> TrainSettings:
    """What `python -m reid_cosam.train` would compose."""
    overrides = [
        *COMMON,
        f"backbone={scale.backbone}",
        f"cosam={list(cosam)}",
        f"num_frames={scale.frames}",
        f"data.height={scale.height}",
        f"data.width={scale.width}",
        f"recipe.sampling.identities={scale.clips // 2}",
        "recipe.sampling.tracklets=2",
        f"trainer={'gpu' if device == 'cuda' else 'cpu'}",
        f"trainer.precision={precision}",
        *more,
    ]
    if scale.backbone == "se_resnet_tiny":
        overrides.append("recipe.attention.reduced_channels_narrow=64")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build.read_settings(compose("train", overrides=overrides))


def forward_flops(chosen: TrainSettings) -> float:
    """Operations of a forward pass on one clip, two per multiply-add; counted without computing anything."""
    data = chosen.data
    network = build.make_network(chosen, IDENTITIES)  # outside: it measures its maps on a frame
    with FakeTensorMode() as fake:
        for module in network.modules():
            module._apply(fake.from_tensor, recurse=False)
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, chosen.num_frames, 3, data.height, data.width))
    return float(counter.get_total_flops())


def make_module(chosen: TrainSettings) -> ReidModule:
    """The module for data of which nothing is read."""
    trained = tuple(Tracklet(("frame.jpg",), pid, 1) for pid in range(1, IDENTITIES + 1))
    query, gallery = (Tracklet(("frame.jpg",), 1, camid) for camid in (1, 2))
    torch.manual_seed(0)
    return build.make_module(chosen, build.make_datamodule(chosen, ReidSplits(trained, (query,), (gallery,))))


def make_batch(scale: Scale) -> ClipBatch:
    """Noise with the channels last, as the loader gives it; each identity twice."""
    generator = torch.Generator().manual_seed(0)
    size = (scale.clips, scale.frames, scale.height, scale.width, 3)
    clips = torch.randint(0, 256, size, dtype=torch.uint8, generator=generator).permute(0, 1, 4, 2, 3)
    pids = torch.arange(scale.clips // 2).repeat_interleave(2)
    batch = ClipBatch(clips, pids, torch.ones_like(pids))
    return ClipBatch(*(one.pin_memory() for one in batch)) if torch.cuda.is_available() else batch


class ProductStep:
    """One optimiser step on the same batch, which starts on the host.

    Attributes:
        module: what is trained; its logging is left out.
        deterministic: whether the trainer asks for deterministic kernels.
        tries: whether it lets cuDNN try its kernels.
    """

    def __init__(self, chosen: TrainSettings, batch: ClipBatch, device: torch.device) -> None:
        self.module = make_module(chosen).to(device).train()
        self.batch, self.device, self.transfer = batch, device, CudaPrefetcher()
        with tempfile.TemporaryDirectory() as folder, quiet(), flags_restored():
            self.trainer = build.make_trainer(chosen.trainer, Path(folder), [])
            self.deterministic = torch.are_deterministic_algorithms_enabled()
            self.tries = torch.backends.cudnn.benchmark
        self.module.trainer = self.trainer
        configured = cast(dict[str, Any], self.module.configure_optimizers())
        self.optimiser: torch.optim.Optimizer = configured["optimizer"]
        self.schedule = configured["lr_scheduler"]["scheduler"]
        self.trainer.strategy.optimizers = [self.optimiser]
        for name in ("log", "log_dict"):
            setattr(self.module, name, lambda *_, **__: None)

    def __call__(self) -> None:
        with quiet(), self.flags():
            self.optimiser.step(self.closure)  # type: ignore[arg-type]
            self.schedule.step()

    @contextmanager
    def flags(self) -> Iterator[None]:
        """Kernels chosen as the trainer asks; afterwards as before."""
        with flags_restored():
            torch.use_deterministic_algorithms(self.deterministic, warn_only=True)
            torch.backends.cudnn.benchmark = self.tries
            yield

    def closure(self) -> Tensor:
        batch = self.transfer(self.batch, self.device)
        with self.trainer.precision_plugin.forward_context():
            loss = self.module.training_step(batch)
        self.optimiser.zero_grad()
        loss.backward()
        return loss

    def held_bytes(self) -> int:
        """Weights, buffers and the optimiser's state, once a step has been made."""
        return held_bytes(self.module.network, self.optimiser)


@contextmanager
def flags_restored() -> Iterator[None]:
    """Afterwards kernels are chosen as before."""
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=True)
        torch.backends.cudnn.benchmark = before[1]


def held_bytes(network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Bytes that a step finds and leaves."""
    states = (value for state in optimiser.state.values() for value in state.values())
    kept = [*network.parameters(), *network.buffers(), *states]
    return sum(one.numel() * one.element_size() for one in kept if isinstance(one, Tensor))


def peak_of_steps(step: Any, device: torch.device) -> int:
    """The most bytes of tensors held in a step: weights, state, gradients, and all in between.

    `step` has made one already. Of two more, as the first begins without gradients and the second with them.
    """
    step.optimiser.zero_grad()

    def twice() -> None:
        step()
        step()

    held: int = step.held_bytes()
    return held + peak_bytes(twice, device)


class quiet(warnings.catch_warnings):
    """No warnings: what is unusual about these runs is meant to be."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
