"""ONNX of every network and aggregator of the package, with every attention layer."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from reid_cosam.models.backbones import Backbone, resnet50, resnet_tiny, se_resnet50, se_resnet_tiny
from reid_cosam.models.timm_backbones import timm_backbone
from reid_cosam.sharing import exchange, parity
from tests.sharing.networks import Attention, make_encoder

BACKBONES: dict[str, Callable[[], Backbone]] = {
    "resnet50": partial(resnet50, False, 1),
    "se_resnet50": partial(se_resnet50, False, 1),
    "resnet_tiny": partial(resnet_tiny, False, 2),
    "se_resnet_tiny": partial(se_resnet_tiny, False, 1),
    "mobilenetv2_050": partial(timm_backbone, "mobilenetv2_050"),
}
AGGREGATORS = ("tp_avg", "tp_max", "ta", "rnn")
ATTENTION: tuple[Attention, ...] = get_args(Attention)


def cases() -> list[tuple[str, str, int, Attention]]:
    """Every backbone with every aggregator; each of both with N = 2, 4 and 8, and with every attention."""
    return [
        (backbone, aggregator, (2, 4, 8)[(row + column) % 3], ATTENTION[(row + column) % 4])
        for row, backbone in enumerate(BACKBONES)
        for column, aggregator in enumerate(AGGREGATORS)
    ]


def test_the_cases_cover_every_pair_of_backbone_or_aggregator_with_length_and_attention() -> None:
    for place in (0, 1):
        names = {one[place] for one in cases()}
        assert {(one[place], one[2]) for one in cases()} == {(name, n) for name in names for n in (2, 4, 8)}
        assert {(one[place], one[3]) for one in cases()} == {
            (name, one) for name in names for one in ATTENTION
        }


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "aggregator", "num_frames", "attention"), cases())
def test_onnx_agrees_at_every_batch_size(
    tmp_path: Path, backbone: str, aggregator: str, num_frames: int, attention: Attention
) -> None:
    encoder = make_encoder(BACKBONES[backbone](), aggregator, attention, num_frames)

    exchange.write_files(encoder, tmp_path, ["onnx"])

    assert parity.write_parity(encoder, tmp_path, ["onnx"])["agrees"]
