"""Names of the paper's released code, translated to ours."""

from collections.abc import Mapping

from torch import Tensor

_COSAM = {
    "dim_reduction.0.": "reduce.0.",
    "dim_reduction.1.": "reduce.1.",
    "spatial_mask_summary.0.": "mask_head.0.",
    "spatial_mask_summary.1.": "mask_head.1.",
    "spatial_mask_summary.3.": "mask_head.3.",
    "channelwise_attention.0.": "channel_mlp.0.",
    "channelwise_attention.2.": "channel_mlp.2.",
}
_AGGREGATOR = {"attention_conv.": "spatial.", "attention_tconv.": "temporal.", "lstm.": "lstm."}


def _rename(state: Mapping[str, Tensor], names: Mapping[str, str], what: str) -> dict[str, Tensor]:
    renamed = {}
    for name, value in state.items():
        prefix = next((prefix for prefix in names if name.startswith(prefix)), None)
        if prefix is None:
            raise ValueError(f"{name!r} is no entry of a released {what}; expected names like {list(names)}")
        renamed[names[prefix] + name.removeprefix(prefix)] = value
    return renamed


def cosam_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State of `Cosam(variant="released")` from a released COSAM layer's.

    Raises:
        ValueError: an unknown name.
    """
    return _rename(state, _COSAM, "COSAM layer")


def aggregator_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State of `TemporalAttention` or `TemporalRnn` from a released aggregator's; empty for pooling.

    Raises:
        ValueError: an unknown name.
    """
    return _rename(state, _AGGREGATOR, "aggregator")
