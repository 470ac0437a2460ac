"""The whole network (paper, figure 5): CNN blocks with COSAM between them, aggregator, classifier."""

from collections.abc import Mapping
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from reid_cosam.models.aggregators import Aggregator
from reid_cosam.models.backbones import Backbone
from reid_cosam.models.cosam import Cosam, CosamOutput


class ReidOutput(NamedTuple):
    """What the network says of a batch of clips; `attention` is COSAM's output, detached, by block number."""

    descriptors: Float[Tensor, "b out"]
    logits: Float[Tensor, "b ids"]
    attention: dict[int, CosamOutput]


class VideoReidNet(nn.Module):
    """Composes finished parts; a combination is not a class.

    Args:
        backbone: five stages.
        attention: COSAM layers by the number (1 to 5) of the block that they follow.
        aggregator: maps of all frames to one descriptor.
        num_identities: training identities, the classifier's outputs.
    """

    def __init__(
        self, backbone: Backbone, attention: Mapping[int, Cosam], aggregator: Aggregator, num_identities: int
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.attention = nn.ModuleDict({str(stage): attention[stage] for stage in sorted(attention)})
        self.aggregator = aggregator
        self.descriptor_size = aggregator.out_channels
        self.classifier = nn.Linear(self.descriptor_size, num_identities)

    def forward(self, clips: Float[Tensor, "b t 3 h w"]) -> ReidOutput:
        clip = clips.shape[:2]
        maps = clips.flatten(0, 1)
        attention = {}
        for number, stage in enumerate(self.backbone.stages, start=1):
            maps = stage(maps)
            if str(number) in self.attention:
                attended: CosamOutput = self.attention[str(number)](maps.unflatten(0, clip))
                # To be looked at: with gradients, compiled code would make maps of zeros for them each step.
                attention[number] = CosamOutput(*[one.detach() for one in attended])
                maps = attended.maps.flatten(0, 1)
        descriptors = self.aggregator(maps.unflatten(0, clip))
        return ReidOutput(descriptors, self.classifier(descriptors), attention)
