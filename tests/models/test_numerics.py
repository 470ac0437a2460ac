"""Every fast path of the network against the plain one: float32, contiguous, uncompiled."""

import copy
import subprocess
import sys
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy, interpolate

from reid_cosam.models import backbones
from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.network import ReidOutput, VideoReidNet

PEOPLE, FRAMES, HEIGHT, WIDTH = 8, 4, 64, 32


def _network(name: str) -> VideoReidNet:
    torch.manual_seed(0)
    backbone = getattr(backbones, name)(False, 1)
    sizes = {
        block: (backbone.channels[block - 1], backbone.map_size(block, HEIGHT, WIDTH)) for block in (4, 5)
    }
    attention = {block: Cosam(channels, FRAMES, size, 64) for block, (channels, size) in sizes.items()}
    return VideoReidNet(backbone, attention, TemporalAveragePooling(backbone.channels[-1]), PEOPLE)


def people(generator: torch.Generator) -> Tensor:
    """One clip a person: colours of their own, under noise."""
    colours = torch.randn(PEOPLE, 1, 3, 8, 4, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(PEOPLE, FRAMES, 3, 8, 4, generator=generator)
    frames: Tensor = interpolate((colours + noise).flatten(0, 1), (HEIGHT, WIDTH))
    clips: Tensor = frames.unflatten(0, (PEOPLE, FRAMES))
    return clips


@cache
def trained(name: str) -> VideoReidNet:
    """Random weights amplify rounding as no trained ones do, and their masks are flat."""
    network, generator = _network(name).train(), torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(30):
        loss = cross_entropy(network(people(generator)).logits, torch.arange(PEOPLE))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


def agree(fast: ReidOutput, plain: ReidOutput) -> None:
    """What descriptors have in common, or a flat mask, would agree by itself: neither counts."""
    ours, theirs = (one - one.mean(0) for one in (fast.descriptors.float(), plain.descriptors))
    assert cosine_similarity(ours, theirs).min() > 0.999
    for block, attended in plain.attention.items():
        difference = (fast.attention[block].spatial_mask - attended.spatial_mask).abs().max()
        assert difference < 1e-2
        assert difference < attended.spatial_mask.std() / 2


@pytest.mark.parametrize(
    "name",
    [
        "se_resnet_tiny",
        pytest.param("se_resnet50", marks=pytest.mark.slow),
        pytest.param("resnet50", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_channels_last_and_bfloat16_agree(name: str, training: bool) -> None:
    plain = copy.deepcopy(trained(name)).train(training)
    fast, clips = copy.deepcopy(plain).to(memory_format=torch.channels_last), people(torch.Generator())

    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        quick = fast(clips)

    with torch.no_grad():
        agree(quick, plain(clips))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch about itself
@pytest.mark.parametrize(("low", "least"), [(False, 0.999), (True, 0.97)], ids=["float32", "bfloat16"])
def test_a_compiled_network_agrees_and_keeps_its_names(low: bool, least: float) -> None:
    """In bfloat16 with the channels last, as it trains on a GPU; single gradients then differ by percents."""
    compiled, clips = copy.deepcopy(trained("se_resnet_tiny")), people(torch.Generator())
    if low:
        compiled = compiled.to(memory_format=torch.channels_last)
    compiled.compile()

    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        logits = compiled.train()(clips).logits
    logits.float().square().sum().backward()

    plain = copy.deepcopy(trained("se_resnet_tiny")).train()
    plain(clips).logits.square().sum().backward()
    for (name, one), (same, other) in zip(compiled.named_parameters(), plain.named_parameters(), strict=True):
        assert name == same
        assert one.grad is not None
        assert other.grad is not None
        if not name.endswith(("reduce.0.bias",)):  # rounding only, in front of a BatchNorm
            alike = cosine_similarity(one.grad.flatten(), other.grad.flatten(), dim=0)
            assert alike > least, name
    with torch.no_grad():
        reference = plain.eval()(clips)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            agree(compiled.eval()(clips), reference)


_ONE_GRAPH = """
import torch
from tests.models.test_numerics import _network, people

network = _network("se_resnet_tiny").to(memory_format=torch.channels_last).train()

def loss(clips):
    with torch.autocast("cpu", torch.bfloat16):
        return network(clips).logits.float().square().sum()

torch.compile(loss, backend="eager", fullgraph=True)(people(torch.Generator())).backward()
assert all(weight.grad is not None for weight in network.parameters())
"""


@pytest.mark.slow
def test_a_compiled_step_is_one_graph() -> None:
    """An error where the graph would break. In a process without checks of types, which break it as well."""
    done = subprocess.run([sys.executable, "-c", _ONE_GRAPH], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
