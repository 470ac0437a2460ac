"""A network for testing only, whose backbone's BatchNorms are part of the convolutions before them."""

import copy
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from reid_cosam.models.network import ReidOutput, VideoReidNet

TOLERANCE = 1e-6  # of the largest number in the maps, in double precision, where rounding is far smaller

_log = logging.getLogger(__name__)


class FusedNetwork(nn.Module):
    """Computes at test time what `network` does, to rounding, in a pass less over each map.

    The network itself is not touched: the first clips are traced through a copy, which `fuse_conv_bn` makes.
    """

    def __init__(self, network: VideoReidNet) -> None:
        super().__init__()
        self.network = network
        self._is_fused = False

    def forward(self, clips: Float[Tensor, "b t 3 h w"]) -> ReidOutput:
        if not self._is_fused:
            self.network, self._is_fused = fuse_conv_bn(self.network, clips), True
        output: ReidOutput = self.network(clips)
        return output


def fuse_conv_bn(network: VideoReidNet, clips: Float[Tensor, "b t 3 h w"]) -> VideoReidNet:
    """A copy in eval mode whose backbone's BatchNorms are fused into the convolutions that they follow.

    Which ones they follow is seen on the first frame of the first and of the last of `clips`. On these frames
    the fused backbone is compared with the untouched one in double precision; where their maps differ, nothing
    is fused, and the log says so.

    The copy is not compiled, if `network` is: compiling anew for each size of batch would take minutes.
    """
    with torch.inference_mode(False), torch.no_grad(), torch.autocast(clips.device.type, enabled=False):
        copied = copy.deepcopy(network).eval().to(memory_format=torch.channels_last)
        trial, frames = copy.deepcopy(copied.backbone).double(), clips[[0, -1], 0].double()
        try:
            with _pairs_seen_in(trial) as pairs:
                expected = trial(frames)
            _fuse(trial, pairs)
            found = trial(frames)
        except RuntimeError as error:  # a backbone of other people may know one floating-point type only
            return _untouched(copied, f"the backbone cannot be checked in double precision ({error})")
        largest = expected.abs().max().item()
        if not torch.allclose(found, expected, rtol=0, atol=TOLERANCE * largest, equal_nan=True):
            return _untouched(copied, "the backbone would compute something else")
        _fuse(copied.backbone, pairs)
    return copied


def _untouched(network: VideoReidNet, reason: str) -> VideoReidNet:
    _log.warning("BatchNorms are not fused into convolutions for testing, which takes longer: %s", reason)
    return network


Pairs = Mapping[str, str]  # names of convolutions, and of the BatchNorms that follow them


def _fuse(backbone: nn.Module, pairs: Pairs) -> None:
    layers: dict[nn.Module, nn.Module] = {}
    for name, after in pairs.items():
        convolution, norm = backbone.get_submodule(name), backbone.get_submodule(after)
        assert isinstance(convolution, nn.Conv2d)
        layers[convolution] = fuse_conv_bn_eval(convolution, norm)
        layers[norm] = nn.Identity()
    for parent in list(backbone.modules()):
        for name, child in parent._modules.items():  # unlike named_children, also the second name of a layer
            if child in layers:
                parent._modules[name] = layers[child]


class _Readers(TorchFunctionMode):
    """Counts the operations that read each convolution's output."""

    def __init__(self) -> None:
        super().__init__()
        self.source = WeakIdKeyDictionary()  # from outputs to names of convolutions
        self.count = Counter[str]()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(isinstance(one, Tensor) for one in tree_leaves(result)):  # not where only a shape is asked for
            read = (one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor))
            self.count.update(self.source[one] for one in read if one in self.source)
        return result


@contextmanager
def _pairs_seen_in(backbone: nn.Module) -> Iterator[dict[str, str]]:
    """Fills in, at the end, which BatchNorms get a convolution's output that nothing else reads."""
    pairs, follows, calls, readers = dict[str, str](), dict[str, str](), Counter[str](), _Readers()

    def after_convolution(name: str, output: Tensor) -> None:
        calls[name] += 1
        readers.source[output] = name

    def before_norm(name: str, maps: Tensor) -> None:
        calls[name] += 1
        if maps in readers.source:
            follows[readers.source[maps]] = name

    hooks = []
    for name, layer in backbone.named_modules():
        if type(layer) is nn.Conv2d:
            hooks.append(
                layer.register_forward_hook(lambda *seen, name=name: after_convolution(name, seen[2]))
            )
        # a subclass may hold more, such as an activation
        elif type(layer) in (nn.BatchNorm2d, nn.SyncBatchNorm) and layer.running_mean is not None:
            hooks.append(
                layer.register_forward_pre_hook(lambda *seen, name=name: before_norm(name, seen[1][0]))
            )
    with readers:
        yield pairs
    for hook in hooks:
        hook.remove()
    for name, after in follows.items():
        if calls[name] == calls[after] == readers.count[name] == 1:
            pairs[name] = after
