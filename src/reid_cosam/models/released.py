"""Networks of the paper's released code: their layout read off, their names translated to ours.

The released code knows one image size, and takes the stride out of CNN block 5 for TP and RNN but not for TA.
Given these, the names and shapes of a state dict tell the rest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from reid_cosam.models.aggregators import Aggregator, TemporalAttention, TemporalAveragePooling, TemporalRnn
from reid_cosam.models.backbones import Backbone, LastStride, resnet50, se_resnet50
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.network import VideoReidNet
from reid_cosam.models.released_names import (
    AGGREGATOR_NAMES,
    BACKBONE_NAMES,
    COSAM_NAMES,
    FIRST_ATTENDED,
    attention_prefix,
    renamed,
    under_released_names,
)

IMAGE_SIZE = (256, 128)  # height and width

_BACKBONES = {"resnet50": resnet50, "se_resnet50": se_resnet50}
_AGGREGATORS: dict[str, type[Aggregator]] = {
    "tp_avg": TemporalAveragePooling,
    "ta": TemporalAttention,
    "rnn": TemporalRnn,
}
_NAMED = 5  # faults of a kind, the first of them


@dataclass(frozen=True)
class ReleasedLayout:
    """What a released state dict belongs to; names as in `conf/`.

    Attributes:
        cosam: CNN blocks (1 to 5) followed by a COSAM layer.
        last_stride: of CNN block 5.
        num_frames: N; None without COSAM, as no other weights tell it.
    """

    backbone: str
    cosam: tuple[int, ...]
    aggregator: str
    last_stride: LastStride
    num_frames: int | None
    num_identities: int


def cosam_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State of `Cosam(variant="released")` from a released COSAM layer's.

    Raises:
        ValueError: an unknown name.
    """
    return renamed(state, COSAM_NAMES, "COSAM layer")


def aggregator_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State of `TemporalAttention` or `TemporalRnn` from a released aggregator's; empty for pooling.

    Raises:
        ValueError: an unknown name.
    """
    return renamed(state, AGGREGATOR_NAMES, "aggregator")


def network_from_released(state: Mapping[str, Tensor]) -> VideoReidNet:
    """The network that a whole released state dict belongs to, with a copy of its weights.

    Raises:
        ValueError: entries are missing, unknown or of another shape, and it names them; or as
            `released_layout`.
    """
    layout, plain = released_layout(state), _without_wrapper(state)
    network = _skeleton(layout)
    misfits = [
        f"{name} {list(plain[name].shape)}, expected {list(expected.shape)}"
        for name, expected in under_released_names(network, layout.backbone).items()
        if plain[name].shape != expected.shape
    ]
    if misfits:
        raise ValueError(f"not a released network: {_listed('of another shape', misfits)}")
    network.to_empty(device="cpu")
    for name, value in under_released_names(network, layout.backbone).items():
        value.copy_(plain[name])
    return network


def released_layout(state: Mapping[str, Tensor]) -> ReleasedLayout:
    """Reads off what a whole released state dict belongs to.

    Raises:
        ValueError: entries are missing or unknown, and it names them; or no clip length fits.
    """
    plain = _without_wrapper(state)
    outline = _outline(plain)
    expected = under_released_names(_skeleton(outline), outline.backbone)
    faults = [
        _listed("missing", [name for name in expected if name not in plain]),
        _listed("unknown", [name for name in plain if name not in expected]),
    ]
    if any(faults):
        raise ValueError(f"not a released network: {'; '.join(filter(None, faults))}")
    num_identities = plain["classifier.bias"].numel()
    return replace(outline, num_frames=_num_frames(plain, expected), num_identities=num_identities)


def _without_wrapper(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("module."): value for name, value in state.items()}  # of torch's DataParallel


def _outline(names: Collection[str]) -> ReleasedLayout:
    """The layout as far as names tell it, for the shortest clips and a single identity."""

    def used(prefixes: Iterable[str]) -> bool:
        return any(name.startswith(tuple(prefixes)) for name in names)

    backbone = next((name for name, prefixes in BACKBONE_NAMES.items() if used(prefixes)), None)
    if backbone is None:
        raise ValueError(
            "not a released network: no entry begins with base.layer0. (SE-ResNet50) or base.0. (ResNet50); "
            f"{_listed('held', list(names)) or 'it is empty'}"
        )
    stages = range(FIRST_ATTENDED[backbone], 6)
    cosam = tuple(stage for stage in stages if used([attention_prefix(backbone, stage)]))
    rnn = used(["aggregation.lstm."])
    aggregator = "ta" if used(["aggregation.attention_"]) else "rnn" if rnn else "tp_avg"
    last_stride = _AGGREGATORS[aggregator].last_stride
    return ReleasedLayout(backbone, cosam, aggregator, last_stride, 2 if cosam else None, 1)


def _num_frames(state: Mapping[str, Tensor], shortest: Mapping[str, Tensor]) -> int | None:
    """N, from the mask heads: their inputs are the locations of the N - 1 other frames."""
    found = {
        name: 1 + state[name].shape[1:].numel() / weight.shape[1]
        for name, weight in shortest.items()
        if name.endswith(".spatial_mask_summary.0.weight")
    }
    lengths = set(found.values())
    if len(lengths) > 1 or any(length < 2 or length % 1 for length in lengths):
        height, width = IMAGE_SIZE
        each = ", ".join(f"N = {found[name]:g} from {name} {list(state[name].shape)}" for name in found)
        raise ValueError(f"not a released network: no clip length fits {height} x {width} images, but {each}")
    return int(lengths.pop()) if lengths else None


def _skeleton(layout: ReleasedLayout) -> VideoReidNet:
    """The network without memory for its weights."""
    with torch.device("meta"):
        backbone = _BACKBONES[layout.backbone](False, layout.last_stride)
        attention = {
            stage: Cosam(
                backbone.channels[stage - 1],
                layout.num_frames,
                backbone.map_size(stage, *IMAGE_SIZE),
                reduced_channels=256,
                variant="released",
                reduced_channels_narrow=64,
            )
            for stage in layout.cosam
            if layout.num_frames is not None
        }
        return VideoReidNet(backbone, attention, _aggregator(layout, backbone), layout.num_identities)


def _aggregator(layout: ReleasedLayout, backbone: Backbone) -> Aggregator:
    channels = backbone.channels[-1]
    if layout.aggregator == "ta":
        return TemporalAttention(channels, backbone.map_size(5, *IMAGE_SIZE))
    return _AGGREGATORS[layout.aggregator](channels)


def _listed(kind: str, faults: list[str]) -> str:
    """The first faults, and how many there are; empty without any."""
    if not faults:
        return ""
    more = f" and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return f"{len(faults)} {kind}: {', '.join(faults[:_NAMED])}{more}"
