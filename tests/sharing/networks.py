"""Small networks to export."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from reid_cosam import Encoder
from reid_cosam.models.aggregators import (
    Aggregator,
    TemporalAttention,
    TemporalAveragePooling,
    TemporalMaxPooling,
    TemporalRnn,
)
from reid_cosam.models.backbones import Backbone, resnet_tiny
from reid_cosam.models.cosam import Cosam, CoSegmentation
from reid_cosam.models.general_cosam import PooledCosam, PrototypeCosam
from reid_cosam.models.neck import BatchNormNeck
from reid_cosam.models.network import VideoReidNet

HEIGHT, WIDTH = 64, 32


def aggregator_of(name: str, channels: int, map_size: tuple[int, int]) -> Aggregator:
    if name == "ta":
        return TemporalAttention(channels, map_size)
    poolings = {"tp_avg": TemporalAveragePooling, "tp_max": TemporalMaxPooling, "rnn": TemporalRnn}
    return poolings[name](channels)


Attention = Literal["paper", "released", "pooled", "prototypes"]


def attention_of(
    name: Attention, channels: int, num_frames: int, map_size: tuple[int, int]
) -> CoSegmentation:
    if name == "pooled":
        return PooledCosam(channels, 32)
    if name == "prototypes":
        return PrototypeCosam(channels, 32)
    return Cosam(channels, num_frames, map_size, 32, name)


def make_encoder(
    backbone: Backbone | None = None,
    aggregator: str = "tp_avg",
    attention: Attention = "paper",
    num_frames: int = 4,
    cosam: Sequence[int] = (4, 5),
    has_neck: bool = False,
) -> Encoder:
    """Random weights, in BatchNorms too: fresh ones pass over whole branches of a ResNet."""
    torch.manual_seed(0)
    backbone = backbone or resnet_tiny(pretrained=False, last_stride=1)
    layers = {
        block: attention_of(
            attention, backbone.channels[block - 1], num_frames, backbone.map_size(block, HEIGHT, WIDTH)
        )
        for block in cosam
    }
    last = backbone.channels[-1], backbone.map_size(5, HEIGHT, WIDTH)
    pooling = aggregator_of(aggregator, *last)
    neck = BatchNormNeck(pooling.out_channels) if has_neck else None
    network = VideoReidNet(backbone, layers, pooling, num_identities=3, neck=neck)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean = torch.randn(layer.num_features) / 10
            layer.running_var = torch.rand(layer.num_features) + 0.5
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
    return Encoder(network, num_frames, HEIGHT, WIDTH)
