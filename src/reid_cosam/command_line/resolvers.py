"""What `conf/` says in terms of other settings."""

from typing import Any

from omegaconf import DictConfig, OmegaConf


def _by_data_size(usual: Any, small: Any, *, _root_: DictConfig) -> Any:
    """The second value where `data.small`: the one rule by which recipe and backbone follow the data set."""
    return small if _root_.data.small else usual


OmegaConf.register_new_resolver("by_data_size", _by_data_size, replace=True)
