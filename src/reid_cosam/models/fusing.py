"""A network for testing only, whose backbone's BatchNorms are part of the convolutions before them."""

import copy
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from reid_cosam.models.modes import in_eval_mode
from reid_cosam.models.network import ReidOutput, VideoReidNet

_PLAIN = (nn.Conv2d, nn.BatchNorm2d, nn.SyncBatchNorm)  # a subclass may hold more, such as an activation
TOLERANCE = 1e-6  # of the largest number in the maps, in double precision, where rounding is far smaller

_log = logging.getLogger(__name__)


class FusedNetwork(nn.Module):
    """Computes at test time what `network` does, to rounding, in a pass less over each map.

    The first clips are traced through a copy, which `fuse_conv_bn` makes. Where a network cannot be copied,
    it computes the clips itself, in eval mode. Either way it stays as it is.
    """

    def __init__(self, network: VideoReidNet) -> None:
        super().__init__()
        self.network = network
        self._is_fused = False

    def forward(self, clips: Float[Tensor, "b t 3 h w"]) -> ReidOutput:
        if not self._is_fused:
            self.network, self._is_fused = fuse_conv_bn(self.network, clips), True
        with in_eval_mode(self.network):
            return self.network.forward(clips)  # uncompiled, should it be the network itself


def fuse_conv_bn(network: VideoReidNet, clips: Float[Tensor, "b t 3 h w"]) -> VideoReidNet:
    """A copy in eval mode whose backbone's BatchNorms are fused into the convolutions that they follow.

    Which ones they follow is seen on the first frame of the first and of the last of `clips`. On these two
    frames, and no others, the fused backbone is compared with the untouched one in double precision; where
    their maps differ, nothing is fused, and the log says so. A network that cannot be copied is returned
    itself, in the mode that it has.

    The copy is not compiled, if `network` is: compiling again for each size of batch would take minutes.
    """
    with torch.inference_mode(False), torch.no_grad(), torch.autocast(clips.device.type, enabled=False):
        try:
            copied = copy.deepcopy(network).eval().to(memory_format=torch.channels_last)
        except Exception as error:  # computed weights, as of torch's older weight_norm and spectral_norm
            return _untouched(network, f"the network cannot be copied ({error})")
        try:
            trial, frames = copy.deepcopy(copied.backbone).double(), clips[[0, -1], 0].double()
            with _DataFlow(copy.deepcopy(trial)) as flow:
                expected = flow.backbone(frames)
            _fuse(trial, flow.pairs())
            found = trial(frames)
        except Exception as error:  # a backbone of other people may know one floating-point type only
            return _untouched(copied, f"the backbone cannot be checked in double precision ({error})")
        largest = expected.nan_to_num(0, 0, 0).abs().max().item()
        if not torch.allclose(found, expected, rtol=0, atol=TOLERANCE * largest, equal_nan=True):
            return _untouched(copied, "the fused backbone computes different maps")
        _fuse(copied.backbone, flow.pairs())
    return copied


def _untouched(network: VideoReidNet, reason: str) -> VideoReidNet:
    _log.warning("BatchNorms are not fused into convolutions for testing, which takes longer: %s", reason)
    return network


def _fuse(backbone: nn.Module, pairs: Mapping[str, str]) -> None:
    """`pairs`: names of convolutions, and of the BatchNorms to fuse into them."""
    fused: dict[nn.Module, nn.Module] = {}
    for name, after in pairs.items():
        convolution, norm = backbone.get_submodule(name), backbone.get_submodule(after)
        fused[convolution] = fuse_conv_bn_eval(cast(nn.Conv2d, convolution), cast(nn.BatchNorm2d, norm))
        fused[norm] = nn.Identity()
    for parent in list(backbone.modules()):
        for name, child in parent._modules.items():  # named_children leaves out the second name of a layer
            if child in fused:
                parent._modules[name] = fused[child]


class _DataFlow(TorchFunctionMode):
    """Sees, while it is entered, which BatchNorms get the output of which convolutions."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self._source = WeakIdKeyDictionary()  # the name of the convolution that made a tensor
        self._calls, self._readers = Counter[str](), Counter[str]()
        self._follows = dict[str, str]()
        for name, layer in backbone.named_modules():
            if type(layer) in _PLAIN:
                layer.register_forward_hook(partial(self._called, name))

    def pairs(self) -> Mapping[str, str]:
        """BatchNorms by the convolution whose output they alone read; both were called once."""
        return {
            name: norm
            for name, norm in self._follows.items()
            if self._calls[name] == self._calls[norm] == self._readers[name] == 1
        }

    def _called(self, name: str, layer: nn.Module, given: tuple[Any, ...], output: Tensor) -> None:
        self._calls[name] += 1
        if isinstance(layer, nn.Conv2d):
            self._source[output] = name
        elif given and given[0] in self._source and layer.running_mean is not None:
            self._follows[self._source[given[0]]] = name

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(isinstance(one, Tensor) for one in tree_leaves(result)):  # not where only a shape is asked for
            read = (one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor))
            self._readers.update(self._source[one] for one in read if one in self._source)
        return result
