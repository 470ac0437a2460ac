"""The released code's own network and loss, from a local copy of its repository, and its training step.

    git clone https://github.com/InnovArul/vidreid_cosegmentation PATH

Nothing of it is kept here: its modules are imported from PATH/src. They were written for torch 1.x, so
- `more_itertools`, of which the network uses nothing, is stood in for where it is not installed;
- the backbone starts from random weights, as ours does here, and is not downloaded;
- what the constructors print, and the warnings of calls that torch has deprecated since, are swallowed;
- it knows 256x128 images only.
The step is what its training loop does for a batch: cuDNN chooses the fastest kernels, TF32 convolutions are
allowed, the loss is read after each step. Its batches come as normalised float32 frames, as from its loader.
"""

import contextlib
import importlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.harness.steps import held_bytes, quiet
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.data.transforms import normalise

MODULES = ("models", "losses", "senet", "utils")


class ReleasedCode(SimpleNamespace):
    """What is taken from it."""

    init_model: Any
    cosam: Any
    cross_entropy: Any
    triplet: Any


def source_of(path: Path) -> Path:
    """The folder of its modules.

    Raises:
        FileNotFoundError: PATH holds no copy of the repository.
    """
    source = path / "src"
    if not (source / "models" / "SE_ResNet.py").is_file():
        raise FileNotFoundError(
            f"{source} holds no models/SE_ResNet.py: give the folder of a copy of "
            "github.com/InnovArul/vidreid_cosegmentation, --released PATH"
        )
    return source


def load(path: Path) -> ReleasedCode:
    """Imports network and loss; raises as `source_of`."""
    source = source_of(path)
    with _importing(source):
        names = ("models", "models.cosam", "losses", "senet")
        models, layers, losses, senet = map(importlib.import_module, names)
    with_weights = senet.se_resnet50
    vars(senet)["se_resnet50"] = lambda pretrained: with_weights(pretrained=None)  # noqa: ARG005
    return ReleasedCode(
        init_model=models.init_model,
        cosam=layers.COSAM,
        cross_entropy=losses.CrossEntropyLabelSmooth,
        triplet=losses.TripletLoss,
    )


@contextlib.contextmanager
def _importing(source: Path) -> Iterator[None]:
    """Its folder on the path, and its general names out of the way of everybody else's again."""
    before, path = dict(sys.modules), list(sys.path)
    sys.path.insert(0, str(source))
    if importlib.util.find_spec("more_itertools") is None:
        sys.modules["more_itertools"] = ModuleType("more_itertools")
    try:
        with quiet(), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - set(before):
            if name == "more_itertools" or name.split(".")[0] in MODULES:
                del sys.modules[name]


def make_network(code: ReleasedCode, identities: int, frames: int) -> nn.Module:
    """SE-ResNet50 with COSAM after CNN blocks 4 and 5, and TP_avg."""
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()):
        network: nn.Module = code.init_model("se_resnet50_cosam45_tp", num_classes=identities, seq_len=frames)
    return network


def released_layer(code: ReleasedCode, channels: int, frames: int, map_size: tuple[int, int]) -> nn.Module:
    """Its COSAM, called on maps `[b, t, d, h, w]`."""
    with contextlib.redirect_stdout(io.StringIO()):
        return _Layer(code.cosam(channels, frames, map_size))


class _Layer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, maps: Tensor) -> Tensor:
        attended: Tensor = self.layer(maps.flatten(0, 1), *maps.shape[:2])[0]
        return attended


class ReleasedStep:
    """One optimiser step on the clips that ours gets."""

    def __init__(self, code: ReleasedCode, batch: ClipBatch, identities: int, device: torch.device) -> None:
        clips = normalise(batch.clips, torch.float32).contiguous()
        self.clips = clips.pin_memory() if device.type == "cuda" else clips
        self.pids, self.device = batch.labels, device
        self.network = make_network(code, identities, batch.clips.shape[1]).to(device).train()
        self.cross_entropy = code.cross_entropy(num_classes=identities, use_gpu=device.type == "cuda")
        self.triplet = code.triplet(margin=0.3)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=3e-4, weight_decay=5e-4)

    def __call__(self) -> None:
        with quiet(), _as_it_runs():
            clips, pids = self.clips.to(self.device), self.pids.to(self.device)
            logits, descriptors = self.network(clips)
            loss: Tensor = self.cross_entropy(logits, pids) + self.triplet(descriptors, pids)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            loss.item()

    def held_bytes(self) -> int:
        return held_bytes(self.network, self.optimiser)


@contextlib.contextmanager
def _as_it_runs() -> Iterator[None]:
    """cuDNN as its program sets it; everything else as torch starts."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
