"""Networks from settings."""

from reid_cosam.models.aggregators import (
    Aggregator,
    TemporalAttention,
    TemporalAveragePooling,
    TemporalMaxPooling,
    TemporalRnn,
)
from reid_cosam.models.backbones import BACKBONES, Backbone
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.network import VideoReidNet
from reid_cosam.settings import TrainSettings


def make_network(settings: TrainSettings, num_identities: int) -> VideoReidNet:
    """Composes backbone, COSAM placements and aggregator."""
    backbone = make_backbone(settings)
    attention = {stage: _make_cosam(settings, backbone, stage) for stage in settings.cosam}
    return VideoReidNet(backbone, attention, _make_aggregator(settings, backbone), num_identities)


def make_backbone(settings: TrainSettings) -> Backbone:
    """The five CNN blocks, with ImageNet weights if asked for; those are fetched if need be."""
    return BACKBONES[settings.backbone.name](settings.backbone.pretrained, settings.agg.last_stride)


def _make_cosam(settings: TrainSettings, backbone: Backbone, stage: int) -> Cosam:
    channels, attention = backbone.channels[stage - 1], settings.recipe.attention
    reduced = attention.reduced_channels if channels > 256 else attention.reduced_channels_narrow
    map_size = backbone.map_size(stage, settings.data.height, settings.data.width)
    return Cosam(channels, settings.num_frames, map_size, reduced, attention.variant)


def _make_aggregator(settings: TrainSettings, backbone: Backbone) -> Aggregator:
    channels = backbone.channels[-1]
    map_size = backbone.map_size(5, settings.data.height, settings.data.width)
    match settings.agg.name:
        case "tp_avg":
            return TemporalAveragePooling(channels)
        case "tp_max":
            return TemporalMaxPooling(channels)
        case "ta":
            return TemporalAttention(channels, map_size)
        case "rnn":
            return TemporalRnn(channels)
