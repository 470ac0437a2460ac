"""Typed settings from a composed configuration."""

import os
from pathlib import Path
from typing import Any, TypeVar

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel

from reid_cosam.settings import SweepSettings
from reid_cosam.settings.messages import checked, unlike_its_spelling


def _by_data_size(usual: Any, small: Any, *, _root_: DictConfig) -> Any:
    """The second value where `data.small`: the one rule by which recipe and backbone follow the data set."""
    return small if _root_.data.small else usual


def _up_to_cores(number: int) -> int:
    """The number, but no more than the cores that this process may use: the default of `data.workers`."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(number, usable or 1)


OmegaConf.register_new_resolver("by_data_size", _by_data_size, replace=True)
OmegaConf.register_new_resolver("up_to_cores", _up_to_cores, replace=True)
OmegaConf.register_new_resolver("folder_of", lambda file: str(Path(str(file)).parent), replace=True)

_Settings = TypeVar("_Settings", bound=BaseModel)


def read_settings(settings: type[_Settings], config: DictConfig) -> _Settings:
    """Checks what a command composed: `SweepSettings` take what concerns a sweep, all others take the rest.

    Raises:
        ValueError: names each value that is missing, unknown or out of range, and the range.
    """
    own, of_the_sweep = settings.model_fields, SweepSettings.model_fields
    names: list[Any] = [name for name in config if name in own or name not in of_the_sweep]
    if settings is SweepSettings:
        names = [name for name in names if name in own]
    missing = [name for name in sorted(OmegaConf.missing_keys(config)) if name.partition(".")[0] in names]
    if missing:
        raise ValueError("; ".join(f"{name} is missing: add {name}=..." for name in missing))
    content: Any = OmegaConf.to_container(config, resolve=True)
    return _as_typed(checked(settings, {name: content[name] for name in names}))


def _as_typed(settings: _Settings) -> _Settings:
    """Refuses text that Hydra took for a number whose spelling is lost: 1e3 is no name for 1000.0."""
    typed: Any = HydraConfig.get().overrides.task if HydraConfig.initialized() else ()
    for override in typed:
        quoted = unlike_its_spelling(settings, override)
        if quoted is not None:
            raise ValueError(f"{override}: Hydra reads a number here; quote it if it is text: {quoted}")
    return settings
