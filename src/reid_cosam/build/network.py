"""Networks from settings."""

import logging
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from reid_cosam.build.parts import TARGET, error_in_words, make, part_error
from reid_cosam.models.backbones import Backbone
from reid_cosam.models.modes import in_eval_mode
from reid_cosam.models.network import VideoReidNet
from reid_cosam.settings import NetworkSettings, TrainSettings
from reid_cosam.settings.train import part_name

_log = logging.getLogger(__name__)


def make_network(settings: TrainSettings, num_identities: int) -> VideoReidNet:
    """Composes backbone, attention placements and aggregator, each of which is tried on a blank clip first.

    Raises:
        ValueError, OSError: a part cannot be made, or does not fit; the message names its setting.
    """
    size = (settings.data.height, settings.data.width)
    return compose_network(settings.network, settings.num_frames, size, num_identities)


def compose_network(
    parts: NetworkSettings, num_frames: int, size: tuple[int, int], num_identities: int
) -> VideoReidNet:
    """As `make_network`, for snippets of `num_frames` frames of `size`, height and width."""
    backbone = make_backbone(parts)

    def sizes(stage: int) -> dict[str, Any]:
        try:
            map_size = backbone.map_size(stage, *size)
        except ValueError as error:
            tried = f"{part_name(parts.backbone)} with data.height={size[0]} data.width={size[1]}"
            raise part_error("backbone", parts.backbone, f"{tried}: {error}") from error
        return {"channels": backbone.channels[stage - 1], "num_frames": num_frames, "map_size": map_size}

    attention = {stage: _make_attention(parts.attention, sizes(stage)) for stage in parts.cosam}
    aggregator = _make_aggregator(parts.agg, sizes(len(backbone.stages)))
    neck = None if parts.neck is None else _make_neck(parts.neck, aggregator.out_channels)
    return VideoReidNet(backbone, attention, aggregator, num_identities, neck)


def make_backbone(settings: TrainSettings | NetworkSettings) -> Backbone:
    """The five CNN blocks, with ImageNet weights if asked for; those are fetched if need be.

    Raises:
        ValueError, OSError: it cannot be made, or is none; the message names its setting.
    """
    backbone = make("backbone", settings.backbone)
    if not isinstance(backbone, Backbone):
        reason = (
            f"returns a {type(backbone).__name__}, but must return a reid_cosam.Backbone: divide the network "
            "into five stages, and return Backbone(stages, channels)"
        )
        raise part_error("backbone", settings.backbone, reason)
    return backbone


def checked_clip_length(
    num_frames: int | Literal["tracklet"] | None, trained: TrainSettings, network: VideoReidNet
) -> int | None:
    """Frames of a clip at the test: by default as in training, else tried on a blank clip; None: all.

    Raises:
        ValueError: a part of the network cannot take so many frames.
    """
    if num_frames in (None, trained.num_frames):
        return trained.num_frames
    length = trained.num_frames + 1 if num_frames == "tracklet" else num_frames
    try:
        with in_eval_mode(network):
            network(torch.zeros(1, length, 3, trained.data.height, trained.data.width))
    except Exception as error:  # whatever somebody's part raises
        raise ValueError(
            f"num_frames={num_frames}: the network was trained with {trained.num_frames}, and a part of it "
            f"cannot take this number: {error_in_words(error)}"
        ) from error
    _log.info("testing with num_frames=%s a network trained with %d", num_frames, trained.num_frames)
    return None if num_frames == "tracklet" else num_frames


def _make_attention(part: Mapping[str, Any], sizes: Mapping[str, Any]) -> nn.Module:
    layer = make_torch_module("recipe.attention", part, **sizes)
    if not _is_ours(part):
        maps = _blank(sizes)
        attended = _tried("recipe.attention", part, layer, maps)
        if isinstance(attended, tuple) and all(isinstance(one, Tensor) for one in attended):
            attended = getattr(attended, "maps", attended)
        if not isinstance(attended, Tensor) or attended.shape != maps.shape:
            reason = (
                f"returns {_in_words(attended)} for maps {list(maps.shape)}, but must return maps of the "
                "same shape, alone or as `maps` of a named tuple of tensors"
            )
            raise part_error("recipe.attention", part, reason)
    return layer


def _make_aggregator(part: Mapping[str, Any], sizes: Mapping[str, Any]) -> nn.Module:
    aggregator = make_torch_module("agg", part, **sizes)
    width = getattr(aggregator, "out_channels", None)
    if not isinstance(width, int):
        reason = "its attribute out_channels is missing: set it to the length of a descriptor"
        raise part_error("agg", part, reason)
    if not _is_ours(part):
        maps = _blank(sizes)
        descriptors = _tried("agg", part, aggregator, maps)
        if not isinstance(descriptors, Tensor) or descriptors.shape != (1, width):
            reason = (
                f"returns {_in_words(descriptors)} for maps {list(maps.shape)} of one clip, "
                f"but must return [1, {width}]: one descriptor per clip, of out_channels"
            )
            raise part_error("agg", part, reason)
    return aggregator


def _make_neck(part: Mapping[str, Any], channels: Any) -> nn.Module:
    neck = make_torch_module("recipe.neck", part, channels=channels)
    if not _is_ours(part):
        features = torch.zeros(1, channels)
        descriptors = _tried("recipe.neck", part, neck, features)
        if not isinstance(descriptors, Tensor) or descriptors.shape != features.shape:
            reason = (
                f"returns {_in_words(descriptors)} for features {list(features.shape)}, not the same shape"
            )
            raise part_error("recipe.neck", part, reason)
    return neck


def make_torch_module(setting: str, part: Mapping[str, Any], **known: Any) -> nn.Module:
    """As `make`, for what must be a torch module.

    Raises:
        ValueError, OSError: it cannot be made, or is none; the message names its setting.
    """
    made = make(setting, part, **known)
    if not isinstance(made, nn.Module):
        reason = f"makes a {type(made).__name__}, which is no torch.nn.Module: derive it from that"
        raise part_error(setting, part, reason)
    return made


def _is_ours(part: Mapping[str, Any]) -> bool:
    return str(part[TARGET]).startswith("reid_cosam.")


def _blank(sizes: Mapping[str, Any]) -> Tensor:
    """The maps of one blank clip."""
    return torch.zeros(1, sizes["num_frames"], sizes["channels"], *sizes["map_size"])


def _tried(setting: str, part: Mapping[str, Any], module: nn.Module, blank: Tensor) -> object:
    try:
        with in_eval_mode(module):
            return module(blank)
    except Exception as error:  # whatever somebody's module raises
        axes = "maps {} (clips, frames, channels, height, width)" if blank.ndim == 5 else "features {}"
        reason = f"cannot take {axes.format(list(blank.shape))}"
        raise part_error(setting, part, f"{reason}: {error_in_words(error)}") from error


def _in_words(output: object) -> str:
    return str(list(output.shape)) if isinstance(output, Tensor) else f"a {type(output).__name__}"
