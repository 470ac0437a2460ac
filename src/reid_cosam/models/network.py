"""The whole network (paper, figure 5): CNN blocks with COSAM between them, aggregator, classifier."""

from collections.abc import Mapping
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from reid_cosam.models.backbones import Backbone
from reid_cosam.models.cosam import CosamOutput


class ReidOutput(NamedTuple):
    """What the network makes of clips.

    Attributes:
        descriptors: what is compared at test time.
        attention: what COSAM made by block number, detached.
        features: what the triplet loss compares: the descriptors before the neck, or themselves without one.
    """

    descriptors: Float[Tensor, "b out"]
    logits: Float[Tensor, "b ids"]
    attention: dict[int, CosamOutput]
    features: Float[Tensor, "b out"]


class VideoReidNet(nn.Module):
    """The network of figure 5, composed of finished parts.

    Called on normalised clips `[b, t, 3, h, w]` (see `normalise`), it returns `.descriptors` `[b, out]`,
    which are compared by their distance, `.logits` `[b, num_identities]`, and `.attention`, what each COSAM
    layer made, by the number of its block:

    >>> backbone = resnet_tiny(pretrained=False, last_stride=1)
    >>> cosam = Cosam(channels=128, num_frames=4, map_size=backbone.map_size(4, 64, 32), reduced_channels=32)
    >>> network = VideoReidNet(backbone, {4: cosam}, TemporalAveragePooling(256), num_identities=10)
    >>> output = network(torch.rand(2, 4, 3, 64, 32))
    >>> output.descriptors.shape, output.logits.shape, output.attention[4].spatial_mask.shape
    (torch.Size([2, 256]), torch.Size([2, 10]), torch.Size([2, 4, 1, 4, 2]))

    Args:
        backbone: five stages.
        attention: COSAM layers by the number (1 to 5) of the block that they follow, or other layers that
            return maps `[b, t, d, h, w]`, alone or as `maps` of a named tuple of tensors.
        aggregator: maps `[b, t, d, h, w]` of all frames to one descriptor per clip, `[b, out]`; its
            attribute `out_channels` is that width.
        num_identities: training identities, the classifier's outputs.
        neck: the aggregator's output to descriptors of the same shape; the classifier then has no bias.

    Raises:
        ValueError: the backbone has no block of a number in `attention`; on call, clips of another shape.
    """

    def __init__(
        self,
        backbone: Backbone,
        attention: Mapping[int, nn.Module],
        aggregator: nn.Module,
        num_identities: int,
        neck: nn.Module | None = None,
    ) -> None:
        super().__init__()
        last = len(backbone.stages)
        if unknown := [number for number in attention if not 1 <= number <= last]:
            raise ValueError(f"attention follows CNN blocks 1 to {last}, got {unknown}")
        self.backbone = backbone
        self.attention = nn.ModuleDict({str(stage): attention[stage] for stage in sorted(attention)})
        self.aggregator = aggregator
        self.descriptor_size: int = aggregator.out_channels  # type: ignore[assignment]
        self.neck = neck
        self.classifier = nn.Linear(self.descriptor_size, num_identities, bias=neck is None)

    @property
    def masked_stages(self) -> list[int]:
        """The blocks that are followed by a layer that makes spatial masks, as COSAM does."""
        return [int(stage) for stage, layer in self.attention.items() if hasattr(layer, "spatial_mask")]

    def forward(self, clips: Float[Tensor, "b t 3 h w"]) -> ReidOutput:
        if clips.ndim != 5 or clips.shape[2] != 3:
            raise ValueError(f"clips must be [b, t, 3, h, w], got {list(clips.shape)}")
        clip = clips.shape[:2]
        maps = clips.flatten(0, 1)
        attention = {}
        for number, stage in enumerate(self.backbone.stages, start=1):
            maps = stage(maps)
            if str(number) in self.attention:
                attended = self.attention[str(number)](maps.unflatten(0, clip))
                if not isinstance(attended, Tensor):
                    # To be looked at: with gradients, compiled code would make zeros for them each step.
                    attention[number] = type(attended)(*[one.detach() for one in attended])
                    attended = attended.maps
                maps = attended.flatten(0, 1)
        features = self.aggregator(maps.unflatten(0, clip))
        descriptors = features if self.neck is None else self.neck(features)
        return ReidOutput(descriptors, self.classifier(descriptors), attention, features)
