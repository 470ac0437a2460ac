"""Image networks cut into the paper's five CNN blocks.

Block 1 is the stem with its pooling, blocks 2 to 5 are the four residual stages ("layer1" to "layer4"). The
stems pool before their ReLU: that gives the same maps and gradients, from a fourth of the locations.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn

from reid_cosam.models.excitation import SqueezeExcitation
from reid_cosam.models.weights import Weights, load_weights


class Backbone(nn.Module):
    """Five stages with known channels and strides.

    Attributes:
        stages: the five blocks, to be called one after the other on `[b, c, h, w]` maps.
        channels: channels of the maps after each stage.
        strides: image pixels per map location after each stage.
    """

    def __init__(self, stages: list[nn.Module], channels: tuple[int, ...], last_stride: int) -> None:
        super().__init__()
        if last_stride not in (1, 2):
            raise ValueError(f"the last stage's stride must be 1 or 2, got {last_stride}")
        self.stages = nn.ModuleList(stages)
        self.channels = channels
        self.strides = (4, 4, 8, 16, 16 * last_stride)
        if last_stride == 1:
            _remove_stride(stages[-1])

    def map_size(self, stage: int, height: int, width: int) -> tuple[int, int]:
        """Height and width of the maps after `stage` (1 to 5) for images of height x width pixels.

        Raises:
            ValueError: the stems, which pool differently, leave different maps of images of this size.
        """
        if height % 4 or width % 4:
            raise ValueError(f"image height and width must be multiples of 4, got {height} x {width}")
        stride = self.strides[stage - 1]
        return math.ceil(height / stride), math.ceil(width / stride)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d mh mw"]:
        for stage in self.stages:
            images = stage(images)
        return images


def _remove_stride(stage: nn.Module) -> None:
    """Lets every convolution of the stage keep the map's size (released code: a 16x8 map for TP and RNN)."""
    for module in stage.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)


def _spare_copies(network: nn.Module) -> None:
    """Exchanges squeeze and excitation for ours, with the same weights under the same names."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            layers: Any = child
            if type(child).__name__ == "SEModule":  # of timm and of pretrainedmodels
                setattr(module, name, SqueezeExcitation(layers.fc1, layers.fc2))


def resnet50(pretrained: bool, last_stride: int) -> Backbone:
    """torchvision's ResNet-50, its stride in the middle convolution of a bottleneck."""
    network = torchvision.models.resnet50()
    if pretrained:
        network.load_state_dict(load_weights(WEIGHTS["resnet50"]))
    stem = nn.Sequential(network.conv1, network.bn1, network.maxpool, network.relu)
    stages = [stem, network.layer1, network.layer2, network.layer3, network.layer4]
    return Backbone(stages, (64, 256, 512, 1024, 2048), last_stride)


def se_resnet50(pretrained: bool, last_stride: int) -> Backbone:
    """pretrainedmodels' SE-ResNet-50, its stride in the first convolution of a bottleneck."""
    with torch.device("meta"):  # importing it builds whole ResNeXts, 500 MB that nobody uses
        import pretrainedmodels
    network = pretrainedmodels.se_resnet50(pretrained=None)
    if pretrained:
        network.load_state_dict(load_weights(WEIGHTS["se_resnet50"]))
    _spare_copies(network)
    names = ("conv1", "bn1", "pool", "relu1")
    stem = nn.Sequential(OrderedDict((name, network.layer0.get_submodule(name)) for name in names))
    stages = [stem, network.layer1, network.layer2, network.layer3, network.layer4]
    return Backbone(stages, (64, 256, 512, 1024, 2048), last_stride)


def resnet_tiny(pretrained: bool, last_stride: int) -> Backbone:
    """A small plain ResNet for CPUs: ten layers, 32 to 256 channels. It has no ImageNet weights.

    Raises:
        ValueError: `pretrained` is asked for.
    """
    _refuse_pretrained(pretrained, "resnet_tiny", "resnet50")
    return _tiny(last_stride, {})


def se_resnet_tiny(pretrained: bool, last_stride: int) -> Backbone:
    """As `resnet_tiny`, with squeeze and excitation in every block.

    Raises:
        ValueError: `pretrained` is asked for.
    """
    _refuse_pretrained(pretrained, "se_resnet_tiny", "se_resnet50")
    return _tiny(last_stride, {"attn_layer": "se"})


def _refuse_pretrained(pretrained: bool, name: str, larger: str) -> None:
    if pretrained:
        raise ValueError(
            f"{name} has no ImageNet weights: set backbone.pretrained=false, or take backbone={larger}"
        )


def _tiny(last_stride: int, block_args: Mapping[str, str]) -> Backbone:
    from timm.models.resnet import BasicBlock, ResNet  # half a second, which only these networks need

    channels = (32, 64, 128, 256)
    block: Any = BasicBlock
    network: Any = ResNet(block, (1, 1, 1, 1), channels=channels, block_args=dict(block_args))
    _spare_copies(network)
    stem = nn.Sequential(network.conv1, network.bn1, network.maxpool, network.act1)
    stages = [stem, network.layer1, network.layer2, network.layer3, network.layer4]
    return Backbone(stages, (network.conv1.out_channels, *channels), last_stride)


BACKBONES: Mapping[str, Callable[[bool, int], Backbone]] = {
    "resnet50": resnet50,
    "se_resnet50": se_resnet50,
    "resnet_tiny": resnet_tiny,
    "se_resnet_tiny": se_resnet_tiny,
}

# Both files are the ImageNet weights that the released code starts from.
WEIGHTS = {
    "resnet50": Weights(
        "https://download.pytorch.org/models/resnet50-0676ba61.pth",
        "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
    ),
    # pretrainedmodels names a plain http address; timm's release assets serve the same file over https.
    # Its authors publish the first 8 digits of its hash, in the file's name.
    "se_resnet50": Weights(
        "https://github.com/huggingface/pytorch-image-models/releases/download/v0.1-cadene/"
        "se_resnet50-ce0d4300.pth",
        "ce0d4300",
    ),
}
