"""CNNs of timm, cut into the paper's five CNN blocks where timm itself says that their features are."""

import logging
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import torch
from jaxtyping import Float
from pydantic import AfterValidator
from torch import Tensor, nn

from reid_cosam.models.backbones import Backbone, LastStride
from reid_cosam.models.modes import in_eval_mode
from reid_cosam.models.weights import hub_asked_once, load_file

_IMAGE = (1, 3, 96, 64)  # that the cut is checked on

_log = logging.getLogger(__name__)


def _known(model: str) -> str:
    import timm  # a second, which only these networks need

    if not timm.is_model(model):  # nor "hf-hub:...", by which a name would fetch a file
        near = get_close_matches(model, timm.list_models(), 3)
        nearest = f"; the nearest are {', '.join(near)}" if near else ""
        raise ValueError(f"timm {timm.__version__} has no model {model}{nearest}")
    return model


def timm_backbone(
    model: Annotated[str, AfterValidator(_known)],
    pretrained: bool = False,
    weights: str | Path | None = None,
    last_stride: LastStride = 2,
    weights_sha256: str | None = None,
) -> Backbone:
    """A CNN of timm, in training and evaluation the same as timm's own.

    >>> backbone = timm_backbone("mobilenetv2_050")
    >>> backbone.channels, backbone.map_size(5, height=256, width=128)
    ((8, 16, 16, 48, 160), (8, 4))

    A block ends where timm's `feature_info` names a feature. Of more than five, the last five count, and
    block 1 has all that comes before; where there are four (ConvNeXt), block 1 is the stem before the first.
    Networks that expect images of another mean and deviation than ImageNet's get them: block 1 begins with
    that change. (In the first convolution it would also change the zeros around the image.)

    Args:
        model: a name of `timm.list_models()`.
        pretrained: start from the weights that timm fetches for that name.
        weights: start from those in a file, .pth or .safetensors (see `models.weights.load_file`).
        last_stride: as for `Backbone`; 2 leaves the network as it is.
        weights_sha256: of the file `weights`; commands fill it in, so that a run's settings identify it.

    Raises:
        ValueError: there is no such model, it is not a sequence of stages, or the weights do not fit it.
        OSError: the weights are not there and cannot be fetched.
    """
    if pretrained and weights is not None:
        raise ValueError(f"pretrained=True and weights={weights} exclude each other: choose one")
    network = _made(_known(model), pretrained)
    try:
        blocks = _blocks(network)
        stages = [nn.Sequential(OrderedDict((_plain(name), layer) for name, layer in one)) for one in blocks]
        channels = _checked_channels(network, blocks, stages)
    except Exception as error:  # whatever a network raises that is none, or takes one size of image only
        raise ValueError(
            f"model={model} cannot be cut into CNN blocks, as it is not a sequence of stages for "
            f"images of any size: {_in_words(error)}"
        ) from error
    if weights is not None:
        parts = [part for block in blocks for part in block]
        state = {f"{name}.{one}": value for name, part in parts for one, value in part.state_dict().items()}
        load_file(Path(weights), state, weights_sha256)
    rescaling = _rescaling(network.pretrained_cfg)
    if rescaling is not None:
        stages[0] = nn.Sequential(OrderedDict([("rescaling", rescaling), *stages[0].named_children()]))
    return Backbone(stages, channels, last_stride)


def _made(model: str, pretrained: bool) -> Any:
    import timm

    if not pretrained:
        return timm.create_model(model, pretrained=False, num_classes=0)
    config = timm.get_pretrained_cfg(model)
    if config is not None and not config.has_weights:
        raise ValueError(f"pretrained=True: timm has no weights for {model}; name a file: weights=...")
    with hub_asked_once() as no_answer:
        try:
            return timm.create_model(model, pretrained=True, num_classes=0)
        except Exception as error:
            reason = no_answer or _in_words(error)
            raise ConnectionError(
                f"pretrained=True: timm cannot load its weights for {model} ({reason}). Fetch them "
                "elsewhere, and name the file: pretrained=False weights=..."
            ) from error


def _in_words(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _blocks(network: nn.Module) -> list[list[tuple[str, nn.Module]]]:
    """Names and layers of each block, in the order in which the network registers them."""
    names = [name for name, _ in _features(network)]
    layers = list(_layers(network, names))
    order = [name for name, _ in layers]
    if not set(names) <= set(order):
        raise ValueError(f"its features are those of {', '.join(names)}, which are not layers in a row")
    ends = names[-5:]
    if len(names) == 4 and order.index(names[0]) > 0:
        ends = [order[order.index(names[0]) - 1], *names]
    if len(ends) < 5:
        raise ValueError(f"it has {len(names)} features, and five blocks need at least four and a stem")
    blocks, first = [], 0
    for end in ends:
        blocks.append(layers[first : order.index(end) + 1])
        first = order.index(end) + 1
    if not all(blocks):
        raise ValueError(f"its features {', '.join(names)} are in another order than its layers")
    return blocks


def _features(network: nn.Module) -> list[tuple[str, int]]:
    """The layers that return features, and their channels, as timm says; empty where it does not."""
    info: Any = getattr(network, "feature_info", ())
    return [(one["module"], one["num_chs"]) for one in getattr(info, "info", info)]


def _layers(
    module: nn.Module, features: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, nn.Module]]:
    """Layers by name; only those that have features inside are opened."""
    for name, layer in module.named_children():
        full = f"{prefix}{name}"
        if full not in features and any(one.startswith(f"{full}.") for one in features):
            yield from _layers(layer, features, f"{full}.")
        else:
            yield full, layer


def _plain(name: str) -> str:
    return name.replace(".", "_")


def _checked_channels(
    network: Any, blocks: Sequence[Sequence[tuple[str, nn.Module]]], stages: Sequence[nn.Module]
) -> list[int]:
    """Channels after each stage, which must return exactly what its last layer returns in the network.

    Between two layers a network may do something that is none: add a position, change the order of axes.
    """
    expected = dict[str, Tensor]()
    ends = [block[-1] for block in blocks]
    hooks = [
        layer.register_forward_hook(lambda _layer, _given, maps, name=name: _keep(expected, name, maps))
        for name, layer in ends
    ]
    maps = torch.rand(_IMAGE, generator=torch.Generator().manual_seed(0))
    channels, promised = [], dict(_features(network))
    with in_eval_mode(network):
        network.forward_features(maps)
        for hook in hooks:
            hook.remove()
        for (name, _), stage in zip(ends, stages, strict=True):
            maps = stage(maps)
            if maps.ndim != 4 or promised.get(name, maps.shape[1]) != maps.shape[1]:
                raise ValueError(
                    f"{name} returns {list(maps.shape)} for one image, not [1, channels, height, width]"
                )
            if not torch.equal(maps, expected[name]):
                raise ValueError(f"{name} gets other maps in the network than those of the layer before it")
            channels.append(maps.shape[1])
    return channels


def _keep(kept: dict[str, Tensor], name: str, maps: object) -> None:
    if not isinstance(maps, Tensor):
        raise ValueError(f"{name} returns a {type(maps).__name__}, not one tensor of maps")
    kept[name] = maps.clone()  # the next layer may change them in place


class Rescaling(nn.Module):
    """Images normalised by ImageNet's mean and deviation become images normalised by others."""

    scale: Tensor
    offset: Tensor

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

        before, after = (
            torch.tensor(pair, dtype=torch.float64)[..., None, None]
            for pair in ((IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD), (mean, deviation))
        )
        self.register_buffer("scale", (before[1] / after[1]).float())
        self.register_buffer("offset", ((before[0] - after[0]) / after[1]).float())

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        return images * self.scale + self.offset


def _rescaling(config: Mapping[str, Any]) -> Rescaling | None:
    from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

    mean, deviation = tuple(config["mean"]), tuple(config["std"])
    if (mean, deviation) == (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD):
        return None
    return Rescaling(mean, deviation)
