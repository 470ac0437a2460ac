"""Spatial masks and channel weights of a network's layers, changed while descriptors are extracted."""

from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from reid_cosam.data.datasets import SnippetBatch
from reid_cosam.data.transforms import normalise
from reid_cosam.metrics.retrieval import TrackletDescriptors
from reid_cosam.models.fusing import fuse_conv_bn
from reid_cosam.models.modes import in_eval_mode
from reid_cosam.models.network import VideoReidNet

MASK, WEIGHTS = "spatial_mask", "channel_weights"  # methods of a layer, which its `forward` calls

Change = Callable[[Tensor, int], Tensor]
"""From a layer's output and the number of the batch's first snippet to what is used."""
Changes = Mapping[tuple[int, str], Change]
"""By the block that the layer follows, and by its method."""


class ChangeableLayers:
    """The layers of a network that make spatial masks. Their outputs can be changed from now on.

    A copy of the network follows the same changes, as testing computes with a fused copy.

    Attributes:
        changes: those that apply now; None at the beginning.
        first: the number of the batch's first snippet, for the changes.
    """

    def __init__(self, network: VideoReidNet) -> None:
        self.changes: Changes = {}
        self.first = 0
        self.methods: list[tuple[int, str]] = []
        for stage in network.masked_stages:
            layer = network.attention[str(stage)]
            for name in (MASK, WEIGHTS):
                if hasattr(layer, name):
                    self.methods.append((stage, name))
                    setattr(layer, name, MethodType(self._changed(stage, name), layer))

    def _changed(self, stage: int, name: str) -> Callable[..., Tensor]:
        def method(layer: nn.Module, *given: Tensor) -> Tensor:
            made: Tensor = getattr(type(layer), name)(layer, *given)
            change = self.changes.get((stage, name))
            return made if change is None else change(made, self.first)

        return method


def changes_of(
    masks: Float[Tensor, "s t mh mw"], partners: Int64[np.ndarray, " s"] | None
) -> dict[str, tuple[str, Change]]:
    """What an analysis changes in a layer: by name, the method and the change.

    Args:
        masks: the layer's own, of all snippets of the test set.
        partners: the snippet whose masks each snippet gets where masks are swapped; None: they are not.
    """
    mean_mask = masks.mean(dim=(0, 1))
    changes: dict[str, tuple[str, Change]] = {
        "flat": (MASK, lambda made, _: made.mean(dim=(-2, -1), keepdim=True).expand_as(made)),
        "by place": (MASK, lambda made, _: mean_mask.to(made).expand_as(made)),
    }
    if partners is not None:
        others = torch.from_numpy(partners)
        changes["swapped"] = (
            MASK,
            lambda made, first: masks[others[first : first + len(made)], :, None].to(made),
        )
    changes["flat channels"] = (WEIGHTS, lambda made, _: made.mean(dim=1, keepdim=True).expand_as(made))
    return changes


def swap_partners(persons: Int64[np.ndarray, " s"], seed: int) -> Int64[np.ndarray, " s"] | None:
    """A random permutation that gives every snippet one of another person.

    Snippets are put in random order within persons, these in random order too, and then each takes the place
    that is as far ahead as the most frequent person has snippets. None where a person has more than half of
    all, as there is no such permutation.
    """
    _, codes, counts = np.unique(persons, return_inverse=True, return_counts=True)
    if 2 * counts.max() > len(persons):
        return None
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(persons))
    order = shuffled[np.argsort(rng.permutation(len(counts))[codes][shuffled], kind="stable")]
    partners = np.empty_like(order)
    partners[order] = np.roll(order, -counts.max())
    return partners


class ChangedExtractor:
    """Descriptors as of `Extractor`, once per set of changes, from one pass over the data.

    The blocks before the first layer of attention, which no change reaches, compute each batch once. Batches
    must come in the order of the snippets.
    """

    def __init__(
        self,
        network: VideoReidNet,
        num_tracklets: int,
        device: torch.device,
        layers: ChangeableLayers,
        sets: Sequence[Changes],
    ) -> None:
        self._network, self._layers, self._sets = network, layers, sets
        self._first_blocks: _FirstBlocks | None = None
        width = network.descriptor_size
        self._means = [TrackletDescriptors(num_tracklets, width).to(device) for _ in sets]
        layers.first = 0

    def add(self, batch: SnippetBatch) -> None:
        """Extract the descriptors of the next snippets."""
        clips = normalise(batch.clips, torch.float32)
        if self._first_blocks is None:
            self._network = fuse_conv_bn(self._network, clips)
            self._first_blocks = _FirstBlocks.of(self._network)
        self._first_blocks.maps = None
        for changes, means in zip(self._sets, self._means, strict=True):
            self._layers.changes = changes
            with in_eval_mode(self._network):
                descriptors = self._network.forward(clips).descriptors
            means.update(descriptors, batch.tracklets, batch.weights)
        self._layers.first += len(clips)

    def compute(self) -> Float32[Tensor, "c n d"]:
        """Descriptors of all tracklets by set of changes."""
        self._layers.changes = {}
        return torch.stack([means.compute() for means in self._means])


class _FirstBlocks(nn.Module):
    """The blocks up to the first layer of attention; they compute nothing while `maps` has their output."""

    maps: Tensor | None

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks, self.maps = nn.Sequential(*blocks), None

    @classmethod
    def of(cls, network: VideoReidNet) -> "_FirstBlocks":
        """Those of a network, in which they take the place of its own blocks."""
        stages: Any = network.backbone.stages
        last = min(map(int, network.attention))
        first = cls(list(stages[:last]))
        for number in range(last):
            stages[number] = first if number == last - 1 else nn.Identity()
        return first

    def forward(self, images: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b d mh mw"]:
        if self.maps is None:
            self.maps = self.blocks(images)
        return self.maps.clone()  # a layer may compute in place
