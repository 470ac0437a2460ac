"""Extraction as libraries for single images do it: one image after another, and the mean over a tracklet.

As torchreid's `FeatureExtractor` and its like are used on tracklets: Pillow opens an image, torchvision's
transforms resize and normalise it, and the network gets a batch of one.
"""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.transforms import IMAGENET_MEAN, IMAGENET_STD


class FrameByFrame:
    """Descriptors of tracklets from the pooled maps of an image network."""

    def __init__(self, backbone: nn.Module, height: int, width: int) -> None:
        self.backbone = backbone.eval()
        self.transform = transforms.Compose(
            [
                transforms.Resize((height, width)),
                transforms.ToTensor(),
                transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
            ]
        )

    @torch.no_grad()
    def __call__(self, tracklets: Sequence[Tracklet]) -> Tensor:
        """`[n, d]`"""
        return torch.cat(
            [torch.cat([*map(self._one, one.frames)]).mean(0, keepdim=True) for one in tracklets]
        )

    def _one(self, path: str) -> Tensor:
        image = self.transform(Image.open(path).convert("RGB"))
        maps: Tensor = self.backbone(image[None])
        return maps.mean(dim=(2, 3))
