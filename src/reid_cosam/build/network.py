"""Networks from settings."""

from reid_cosam.build.parts import make
from reid_cosam.models.backbones import Backbone
from reid_cosam.models.network import VideoReidNet
from reid_cosam.settings import TrainSettings


def make_network(settings: TrainSettings, num_identities: int) -> VideoReidNet:
    """Composes backbone, attention placements and aggregator.

    Raises:
        ValueError, OSError: a part cannot be made; the message names its setting.
    """
    backbone, num_frames = make_backbone(settings), settings.num_frames

    def sizes(stage: int) -> dict[str, object]:
        map_size = backbone.map_size(stage, settings.data.height, settings.data.width)
        return {"channels": backbone.channels[stage - 1], "num_frames": num_frames, "map_size": map_size}

    attention = {
        stage: make("recipe.attention", settings.recipe.attention, **sizes(stage)) for stage in settings.cosam
    }
    aggregator = make("agg", settings.agg, **sizes(len(backbone.stages)))
    return VideoReidNet(backbone, attention, aggregator, num_identities)


def make_backbone(settings: TrainSettings) -> Backbone:
    """The five CNN blocks, with ImageNet weights if asked for; those are fetched if need be."""
    backbone: Backbone = make("backbone", settings.backbone)
    return backbone
