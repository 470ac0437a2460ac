"""Image networks cut into the paper's five CNN blocks.

Block 1 is the stem with its pooling, blocks 2 to 5 are the four residual stages ("layer1" to "layer4"). The
stems pool before their ReLU: that gives the same maps and gradients, from a fourth of the locations.
"""

import copy
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from reid_cosam.models.modes import in_eval_mode
from reid_cosam.models.ops.location_mean import location_mean
from reid_cosam.models.weights import Weights, load_weights

LastStride = Literal[1, 2]


class Backbone(nn.Module):
    """Five CNN blocks, to be called one after the other: frames `[b, 3, h, w]` to maps `[b, d, h, w]`.

    A backbone of your own is any five modules and the number of channels that each returns:

    >>> sizes = [(3, 8), (8, 16), (16, 32), (32, 64), (64, 128)]
    >>> blocks = [torch.nn.Conv2d(*size, kernel_size=3, stride=2, padding=1) for size in sizes]
    >>> backbone = Backbone(blocks, channels=(8, 16, 32, 64, 128), last_stride=1)
    >>> backbone.map_size(4, height=256, width=128), backbone.map_size(5, height=256, width=128)
    ((16, 8), (16, 8))

    Args:
        stages: block 1 (the stem) to block 5.
        channels: channels of the maps after each stage.
        last_stride: 1 takes the stride out of block 5, which then keeps the size of its maps (released code,
            for TP and RNN); 2 does not change the block.

    Raises:
        ValueError: the stride of block 5 is not one of plain convolutions, and the message names the layer.
    """

    def __init__(
        self, stages: Sequence[nn.Module], channels: Sequence[int], last_stride: LastStride = 2
    ) -> None:
        super().__init__()
        if not len(stages) == len(channels) == 5:
            raise ValueError(
                f"a backbone has five stages, each with its channels; got {len(stages)} and {len(channels)}"
            )
        if last_stride not in (1, 2):
            raise ValueError(f"last_stride must be 1 or 2, got {last_stride}")
        self.stages = nn.ModuleList(stages)
        self.channels = tuple(channels)
        self._keeps_last_size = last_stride == 1
        self._map_sizes = dict[tuple[int, int], list[tuple[int, int]]]()
        if last_stride == 1:
            _remove_stride(stages[-1])

    def map_size(self, stage: int, height: int, width: int) -> tuple[int, int]:
        """Height and width of the maps after `stage` (1 to 5) for images of height x width pixels.

        Found by running the stages on one blank image.

        Raises:
            ValueError: a stage cannot take maps of this size, or returns others than were promised.
        """
        image = height, width
        if image not in self._map_sizes:
            self._map_sizes[image] = self._measured(*image)
        return self._map_sizes[image][stage - 1]

    def _measured(self, height: int, width: int) -> list[tuple[int, int]]:
        try:
            stages = copy.deepcopy(self.stages)
        except Exception:  # a layer whose weights are computed, as by torch's older weight_norm
            stages = self.stages
        maps = next(self.parameters(), torch.empty(0)).new_zeros(1, 3, height, width)
        sizes = list[tuple[int, int]]()
        with in_eval_mode(stages):
            for number, stage in enumerate(stages, start=1):
                try:
                    maps = stage(maps)
                except Exception as error:  # whatever a block of other people raises
                    raise ValueError(
                        f"CNN block {number} cannot take images of {height} x {width} pixels: {error}"
                        f"{_divisible(height, width)}"
                    ) from error
                _check_maps(maps, number, self.channels[number - 1])
                sizes.append((maps.shape[2], maps.shape[3]))
        if self._keeps_last_size and sizes[-1] != sizes[-2]:
            raise ValueError(
                f"last_stride=1, but CNN block 5 turns maps of {sizes[-2]} into {sizes[-1]}: {_BY_HAND}"
            )
        return sizes

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d mh mw"]:
        for stage in self.stages:
            images = stage(images)
        return images


def _divisible(height: int, width: int) -> str:
    """The remedy for CNNs that join maps of different scales, whose sizes agree at certain sizes only."""
    fitting = [max(32, 32 * round(side / 32)) for side in (height, width)]
    if fitting == [height, width]:
        return ""
    return f"; it may need sides divisible by 32, such as {fitting[0]} x {fitting[1]}"


def _check_maps(maps: object, number: int, channels: int) -> None:
    shape = tuple(maps.shape) if isinstance(maps, Tensor) else ()
    if len(shape) != 4 or shape[:2] != (1, channels):
        found = list(shape) if isinstance(maps, Tensor) else f"a {type(maps).__name__}"
        raise ValueError(
            f"CNN block {number} returns {found} for one image, expected [1, {channels}, height, width]"
        )


_BY_HAND = "set last_stride=2, which leaves the block as it is, or build it with stride 1"


def _remove_stride(stage: nn.Module) -> None:
    """Lets every convolution of the stage keep the map's size (released code: a 16x8 map for TP and RNN)."""
    for name, layer in stage.named_modules():
        holds_others = any(True for _ in layer.children())
        if holds_others or getattr(layer, "stride", 1) in (1, (1, 1)):
            continue
        if type(layer) is not nn.Conv2d or layer.dilation != (1, 1):
            place = f"layer {name} of CNN block 5" if name else "CNN block 5"
            raise ValueError(
                f"last_stride=1 removes the stride of plain convolutions only, and {place} is "
                f"{layer}: {_BY_HAND}"
            )
        layer.stride = (1, 1)


def resnet50(pretrained: bool, last_stride: LastStride) -> Backbone:
    """torchvision's ResNet-50, its stride in the middle convolution of a bottleneck.

    >>> backbone = resnet50(pretrained=False, last_stride=1)  # as in the released code for TP and RNN
    >>> backbone.channels, backbone.map_size(5, height=256, width=128)
    ((64, 256, 512, 1024, 2048), (16, 8))

    Args:
        pretrained: start from ImageNet weights, which are downloaded once.
        last_stride: as for `Backbone`.

    Raises:
        OSError: the weights are not there and cannot be downloaded.
    """
    network = torchvision.models.resnet50()
    if pretrained:
        network.load_state_dict(load_weights(WEIGHTS["resnet50"]))
    stem = nn.Sequential(network.conv1, network.bn1, network.maxpool, network.relu)
    return _cut(network, stem, (64, 256, 512, 1024, 2048), last_stride)


def se_resnet50(pretrained: bool, last_stride: LastStride) -> Backbone:
    """pretrainedmodels' SE-ResNet-50, its stride in the first convolution of a bottleneck.

    The paper's best backbone. Arguments and errors are those of `resnet50`.

    >>> se_resnet50(pretrained=False, last_stride=2).map_size(5, height=256, width=128)
    (8, 4)
    """
    with torch.device("meta"):  # importing it builds whole ResNeXts, 500 MB that nobody uses
        import pretrainedmodels
    network = pretrainedmodels.se_resnet50(pretrained=None)
    if pretrained:
        network.load_state_dict(load_weights(WEIGHTS["se_resnet50"]))
    names = ("conv1", "bn1", "pool", "relu1")
    stem = nn.Sequential(OrderedDict((name, network.layer0.get_submodule(name)) for name in names))
    return _cut(network, stem, (64, 256, 512, 1024, 2048), last_stride)


def resnet_tiny(pretrained: bool, last_stride: LastStride) -> Backbone:
    """A small plain ResNet for CPUs: ten layers, 32 to 256 channels. It has no ImageNet weights.

    >>> resnet_tiny(pretrained=False, last_stride=2).channels
    (64, 32, 64, 128, 256)

    Raises:
        ValueError: `pretrained` is asked for.
    """
    return _tiny(pretrained, last_stride, "resnet", {})


def se_resnet_tiny(pretrained: bool, last_stride: LastStride) -> Backbone:
    """As `resnet_tiny`, with squeeze and excitation in every block.

    Raises:
        ValueError: `pretrained` is asked for.
    """
    return _tiny(pretrained, last_stride, "se_resnet", {"attn_layer": "se"})


def _tiny(pretrained: bool, last_stride: LastStride, family: str, block_args: Mapping[str, str]) -> Backbone:
    if pretrained:
        raise ValueError(f"pretrained must be False: {family}_tiny has no ImageNet weights; {family}50 has")
    from timm.models.resnet import BasicBlock, ResNet  # half a second, which only these networks need

    channels = (32, 64, 128, 256)
    block: Any = BasicBlock
    network: Any = ResNet(block, (1, 1, 1, 1), channels=channels, block_args=dict(block_args))
    stem = nn.Sequential(network.conv1, network.bn1, network.maxpool, network.act1)
    return _cut(network, stem, (network.conv1.out_channels, *channels), last_stride)


class SqueezeExcitation(nn.Module):
    """Weighs channels by what their means over the picture say together (Hu et al., CVPR 2018).

    Args:
        fc1, fc2: the two layers, 1x1 convolutions; they keep the names that they have in published weights.
    """

    def __init__(self, fc1: nn.Conv2d, fc2: nn.Conv2d) -> None:
        super().__init__()
        self.fc1, self.fc2 = fc1, fc2

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        means = location_mean(maps)[..., None, None]
        return maps * torch.sigmoid(self.fc2(F.relu(self.fc1(means)))).to(maps.dtype)


def _cut(network: Any, stem: nn.Module, channels: Sequence[int], last_stride: LastStride) -> Backbone:
    """The stages of a ResNet, with our squeeze and excitation, of the same weights under the same names."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child).__name__ == "SEModule":  # of timm and of pretrainedmodels, with nothing added
                setattr(module, name, SqueezeExcitation(child.fc1, child.fc2))
    return Backbone(
        [stem, network.layer1, network.layer2, network.layer3, network.layer4], channels, last_stride
    )


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
