"""Networks from settings."""

from collections.abc import Callable

from reid_cosam.models import backbones
from reid_cosam.models.aggregators import (
    Aggregator,
    TemporalAttention,
    TemporalAveragePooling,
    TemporalMaxPooling,
    TemporalRnn,
)
from reid_cosam.models.backbones import Backbone
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
    make: Callable[[bool, int], Backbone] = getattr(backbones, settings.backbone.name)
    return make(settings.backbone.pretrained, settings.agg.last_stride)


def _make_cosam(settings: TrainSettings, backbone: Backbone, stage: int) -> Cosam:
    attention = settings.recipe.attention
    return Cosam(
        backbone.channels[stage - 1],
        settings.num_frames,
        backbone.map_size(stage, settings.data.height, settings.data.width),
        attention.reduced_channels,
        attention.variant,
        attention.reduced_channels_narrow,
    )


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
