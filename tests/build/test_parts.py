"""Parts of other people that do not fit are refused by the name of their setting, before training."""

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from reid_cosam import Backbone, build
from reid_cosam.settings import TrainSettings
from tests.support.training_steps import module_without_data
from tests.test_settings import settings

HERE = "tests.build.test_parts"
SIZE = (64, 32)


class Pool(nn.Module):
    """An aggregator that fits, with random numbers and statistics of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_channels = channels
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, maps: Tensor) -> Any:
        return self.norm(maps.mean((1, 3, 4)) + torch.rand(1))


class NoWidth(nn.Module):
    def forward(self, maps: Tensor) -> Any:
        return maps.mean((1, 3, 4))


class KeepsColumns(Pool):
    def forward(self, maps: Tensor) -> Any:
        return maps.mean((1, 3))


class Raises(Pool):
    def forward(self, maps: Tensor) -> Any:
        raise KeyError(maps.ndim)


class Nameless(Pool):
    def __init__(self, channels: int, /) -> None:
        super().__init__(channels)


class NoModule:
    def __call__(self, *_: Tensor) -> Any:
        return torch.zeros(())


class Halving(nn.Module):
    def forward(self, maps: Tensor) -> Any:
        return maps[..., ::2, ::2]


class Several(NamedTuple):
    first: Tensor
    second: Tensor


class WithoutMaps(nn.Module):
    def forward(self, maps: Tensor) -> Any:
        return Several(maps, maps)


def bare_network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 1))


def strange_blocks() -> Backbone:
    return Backbone([nn.Conv2d(3, 8, 1), *(nn.Linear(5, 5) for _ in range(4))], (8, 8, 8, 8, 8))


def _chosen(*overrides: str) -> TrainSettings:
    small = ("backbone=resnet_tiny", f"data.height={SIZE[0]}", f"data.width={SIZE[1]}", "logger=none")
    fast = ("data.workers=0", "recipe.sampling.identities=2", "recipe.sampling.tracklets=2")
    return settings(*small, *fast, "trainer.compile=false", *overrides)


OWN_BACKBONE = ("~backbone.pretrained",)
OWN_ATTENTION = tuple(
    f"~recipe.attention.{one}" for one in ("variant", "reduced_channels", "reduced_channels_narrow")
)
OWN_LOSS = tuple(f"~recipe.loss.{one}" for one in ("margin", "triplet_weight", "label_smoothing"))
OWN_DRAW = tuple(f"~recipe.augmentation.{one}" for one in ("flip", "translate", "per_frame", "erase"))


@pytest.mark.parametrize(
    ("setting", "part", "others", "reason"),
    [
        ("agg", "NoWidth", (), "out_channels is missing"),
        ("agg", "KeepsColumns", (), r"returns \[1, 256, 2\] .*must return \[1, 256\]"),
        ("agg", "Raises", (), r"cannot take maps \[1, 4, 256, 4, 2\].*KeyError"),
        ("agg", "Nameless", (), "channels cannot be given by name"),
        ("agg", "NoModule", (), r"NoModule, which is no torch\.nn\.Module"),
        ("backbone", "bare_network", OWN_BACKBONE, r"returns a Sequential, .*reid_cosam\.Backbone"),
        ("backbone", "strange_blocks", OWN_BACKBONE, "CNN block 2 cannot take images of 64 x 32"),
        ("recipe.attention", "Halving", OWN_ATTENTION, r"returns \[1, 4, 128, 2, 1\] for maps"),
        ("recipe.attention", "WithoutMaps", OWN_ATTENTION, "returns a Several for maps"),
        ("recipe.loss", "NoModule", OWN_LOSS, r"NoModule, which is no torch\.nn\.Module"),
        ("recipe.augmentation", "NoModule", OWN_DRAW, "lacks the methods draw and apply"),
    ],
)
def test_a_part_that_does_not_fit_is_named_before_training(
    setting: str, part: str, others: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        module_without_data(_chosen(f"{setting}._target_={HERE}.{part}", *others))

    assert str(refused.value).startswith(f"{setting} ({HERE}.{part}): ")


@pytest.mark.parametrize(
    ("overrides", "remedy"),
    [
        (("backbone.model=resnet10t", "backbone.last_stride=1"), r"set backbone\.last_stride=2, "),
        (("backbone.model=convnext_atto", "backbone.last_stride=1"), r"set backbone\.last_stride=2, "),
        (
            ("backbone.model=dla34", "backbone.last_stride=2", "data.height=132", "data.width=64"),
            r"timm_dla34 with data\.height=132 data\.width=64: .* such as 128 x 64$",
        ),
    ],
)
def test_a_backbone_that_does_not_fit_is_refused_with_settings_to_change(
    overrides: tuple[str, ...], remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        module_without_data(_chosen("backbone=timm", *overrides))


def test_trying_a_part_changes_no_random_number_statistic_or_mode() -> None:
    states = []
    for target in ("reid_cosam.models.aggregators.TemporalAveragePooling", f"{HERE}.Pool"):
        torch.manual_seed(0)
        network = build.make_network(_chosen(f"agg._target_={target}"), num_identities=3)
        states.append((torch.get_rng_state(), network.classifier.weight))
        assert all(layer.training for layer in network.modules())
    norm = network.aggregator.norm
    assert isinstance(norm, nn.BatchNorm1d)
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_mean, torch.zeros(256))  # type: ignore[arg-type]
    for one, other in zip(*states, strict=True):
        assert torch.equal(one, other)
