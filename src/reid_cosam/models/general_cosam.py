"""Co-segmentation without places: layers for clips of any number of frames and maps of any size.

The paper's COSAM has one weight for each place of each other frame (`cosam.CorrelationHead`). Here a location
is described by numbers that do not depend on where, in which order and of how many frames the others are, and
a small head that is the same everywhere makes the mask from them. Where a clip has one frame, it stands for
the others itself.
"""

from typing import Annotated

import torch
from annotated_types import Interval
from jaxtyping import Float
from torch import Tensor, nn

from reid_cosam.models.affinity import affinity_statistics
from reid_cosam.models.correlation import descriptors, standardised
from reid_cosam.models.cosam import CoSegmentation, Width

Count = Annotated[int, Interval(ge=1, le=1024)]
_HIDDEN = 64  # as in the released mask head


class _Relations(nn.Module):
    """Describes each location by its relations to the other frames and, if asked to, by one own number.

    The own number is a learned projection of the location's feature, beside the relations as in RGA (Zhang et
    al., CVPR 2020).
    """

    def __init__(self, channels: int, own: bool) -> None:
        super().__init__()
        self.own = nn.Conv2d(channels, 1, kernel_size=1, bias=False) if own else None

    def forward(self, maps: Float[Tensor, "b t r h w"]) -> Float[Tensor, "bt k h w"]:
        # in float32 under autocast, as the correlations of `CorrelationHead`
        with torch.autocast(maps.device.type, enabled=False):
            f = standardised(descriptors(maps if maps.dtype == torch.float64 else maps.float()))
            pair = torch.cat([f, f], dim=1) if f.shape[1] == 1 else f
            related = self.relations(pair)[:, : f.shape[1]]
            found: Tensor = related.flatten(0, 1).mT.unflatten(-1, maps.shape[-2:])
        if self.own is None:
            return found
        own = self.own(maps.flatten(0, 1))
        return torch.cat([found, own.to(found.dtype)], dim=1)

    def relations(self, f: Float[Tensor, "b t hw r"]) -> Float[Tensor, "b t hw k"]:
        """From standardised descriptors of two frames or more."""
        raise NotImplementedError


class Affinity(_Relations):
    """Two numbers: `affinity.affinity_statistics`."""

    def __init__(self, channels: int, references: int, own: bool) -> None:
        super().__init__(channels, own)
        self.references = references

    def relations(self, f: Float[Tensor, "b t hw r"]) -> Float[Tensor, "b t hw 2"]:
        return affinity_statistics(f, self.references)


class Prototypes(_Relations):
    """K numbers: the correlations with K prototypes of the other frames' content.

    Each of K learned queries pools a frame by softmax attention over its descriptors into one prototype. A
    location is correlated with the mean over the other frames of each.
    """

    def __init__(self, channels: int, prototypes: int, own: bool) -> None:
        super().__init__(channels, own)
        self.queries = nn.Parameter(torch.randn(prototypes, channels))

    def relations(self, f: Float[Tensor, "b t hw r"]) -> Float[Tensor, "b t hw k"]:
        # standardised descriptors are of length sqrt(R): divided by it, scores begin with a deviation of 1
        scores = self.queries.to(f.dtype) @ f.mT / f.shape[-1] ** 0.5
        prototypes = scores.softmax(dim=-1) @ f
        others = (prototypes.sum(dim=1, keepdim=True) - prototypes) / (f.shape[1] - 1)
        return f @ standardised(others).mT / f.shape[-1]


def _mask_head(relations: _Relations, outputs: int) -> nn.Sequential:
    """BatchNorm first, as the relations differ in scale; small last weights, so that masks begin near 1/2."""
    inputs = outputs + (relations.own is not None)
    return nn.Sequential(
        relations,
        nn.BatchNorm2d(inputs),
        nn.Conv2d(inputs, _HIDDEN, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(_HIDDEN, 1, kernel_size=1),
        nn.Sigmoid(),
    )


class PooledCosam(CoSegmentation):
    """COSAM from pooled affinities: how well other frames match a location, at best and on average.

    Statistics of the affinity as in GCoNet (Fan et al., CVPR 2021). In a clip of more than `references` + 1
    frames, each is compared with `references` others only (`affinity.affinity_statistics`): time then grows
    linearly with the clip. It grows with the square of the locations, memory linearly with both.

    >>> layer = PooledCosam(channels=16, reduced_channels=8)
    >>> layer(torch.rand(2, 4, 16, 8, 4)).spatial_mask.shape
    torch.Size([2, 4, 1, 8, 4])

    Args:
        channels: D, channels of the incoming maps.
        reduced_channels: D_R, channels in which locations are compared.
        references: other frames that a frame is compared with at most.
        own: whether a location's own feature counts beside its affinities.
        residual: returns maps + maps x channel weights, as COSAM's released variant does.
        reduced_channels_narrow: D_R where D is 256 or less; None: the same.
    """

    def __init__(
        self,
        channels: int,
        reduced_channels: Width,
        references: Count = 4,
        own: bool = True,
        residual: bool = False,
        reduced_channels_narrow: Width | None = None,
    ) -> None:
        def mask_head(width: int) -> nn.Sequential:
            return _mask_head(Affinity(width, references, own), outputs=2)

        super().__init__(channels, reduced_channels, reduced_channels_narrow, mask_head, residual)


class PrototypeCosam(CoSegmentation):
    """COSAM from learned prototypes of content, in time and memory linear in frames and locations.

    >>> layer = PrototypeCosam(channels=16, reduced_channels=8, prototypes=4)
    >>> layer(torch.rand(2, 64, 16, 8, 4)).spatial_mask.shape
    torch.Size([2, 64, 1, 8, 4])

    Args:
        channels: D, channels of the incoming maps.
        reduced_channels: D_R, channels in which locations are compared.
        prototypes: K, prototypes of a frame.
        own: whether a location's own feature counts beside its correlations.
        residual: returns maps + maps x channel weights, as COSAM's released variant does.
        reduced_channels_narrow: D_R where D is 256 or less; None: the same.
    """

    def __init__(
        self,
        channels: int,
        reduced_channels: Width,
        prototypes: Count = 16,
        own: bool = False,
        residual: bool = False,
        reduced_channels_narrow: Width | None = None,
    ) -> None:
        def mask_head(width: int) -> nn.Sequential:
            return _mask_head(Prototypes(width, prototypes, own), prototypes)

        super().__init__(channels, reduced_channels, reduced_channels_narrow, mask_head, residual)
