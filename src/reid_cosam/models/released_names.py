"""Names in state dicts of the paper's released code, and ours for the same entries."""

from collections.abc import Mapping

from torch import Tensor

from reid_cosam.models.network import VideoReidNet

# What names begin with there, and in ours.
COSAM_NAMES = {
    "dim_reduction.0.": "reduce.0.",
    "dim_reduction.1.": "reduce.1.",
    "spatial_mask_summary.0.": "mask_head.0.",
    "spatial_mask_summary.1.": "mask_head.1.",
    "spatial_mask_summary.3.": "mask_head.3.",
    "channelwise_attention.0.": "channel_mlp.0.",
    "channelwise_attention.2.": "channel_mlp.2.",
}
AGGREGATOR_NAMES = {"attention_conv.": "spatial.", "attention_tconv.": "temporal.", "lstm.": "lstm."}
BACKBONE_NAMES = {
    "se_resnet50": {f"base.layer{block}.": f"backbone.stages.{block}." for block in range(5)},
    # One list holds the four layers of the stem, of which two have weights, and then the other blocks.
    "resnet50": {f"base.{layer}.": f"backbone.stages.0.{layer}." for layer in (0, 1)}
    | {f"base.{3 + block}.": f"backbone.stages.{block}." for block in range(1, 5)},
}
FIRST_ATTENDED = {"se_resnet50": 1, "resnet50": 2}  # the CNN block that attention module 0 follows


def under_released_names(network: VideoReidNet, backbone: str) -> dict[str, Tensor]:
    """The network's own tensors by their names in the released code."""
    names = {f"aggregation.{theirs}": f"aggregator.{ours}" for theirs, ours in AGGREGATOR_NAMES.items()}
    names |= BACKBONE_NAMES[backbone] | {"classifier.": "classifier."}
    for stage in map(int, network.attention):
        prefix = attention_prefix(backbone, stage)
        names |= {f"{prefix}{theirs}": f"attention.{stage}.{ours}" for theirs, ours in COSAM_NAMES.items()}
    return renamed(network.state_dict(), {ours: theirs for theirs, ours in names.items()}, "network")


def attention_prefix(backbone: str, stage: int) -> str:
    """What the entries of the attention module after a CNN block begin with."""
    return f"attention_modules.attention_modules.{stage - FIRST_ATTENDED[backbone]}."


def renamed(state: Mapping[str, Tensor], names: Mapping[str, str], what: str) -> dict[str, Tensor]:
    """The state with each prefix in `names` exchanged; ValueError at an entry without one."""
    found = {}
    for name, value in state.items():
        prefix = next((prefix for prefix in names if name.startswith(prefix)), None)
        if prefix is None:
            raise ValueError(f"{name!r} is no entry of a released {what}; expected names like {list(names)}")
        found[names[prefix] + name.removeprefix(prefix)] = value
    return found
