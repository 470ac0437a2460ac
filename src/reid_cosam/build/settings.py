"""Checked settings from a composed configuration."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError

from reid_cosam.config import DataSettings, EvaluateSettings, TrainSettings

_Checked = TypeVar("_Checked")


def read_settings(config: DictConfig) -> TrainSettings:
    """Checks what `train` composed.

    Raises:
        ValueError: names each value that is out of range, and the range.
    """
    return check_settings(OmegaConf.to_container(config, resolve=True))


def check_settings(content: object) -> TrainSettings:
    """As `read_settings`, from plain containers: what a checkpoint holds."""
    return _checked(TrainSettings.model_validate, content)


def read_evaluate_settings(config: DictConfig) -> EvaluateSettings:
    """Checks what `evaluate` composed; raises as `read_settings`."""
    # data=synthetic sets more than the data, for training.
    content = {name: config[name] for name in EvaluateSettings.model_fields if name in config}
    return _checked(EvaluateSettings.model_validate, _plain(content))


def read_data_settings(config: DictConfig) -> DataSettings:
    """Checks the data set that `verify` composed; raises as `read_settings`."""
    return _checked(DataSettings.model_validate, OmegaConf.to_container(config.data, resolve=True))


def _plain(content: Mapping[str, Any]) -> object:
    return OmegaConf.to_container(OmegaConf.create(dict(content)), resolve=True)


def _checked(validate: Callable[[object], _Checked], content: object) -> _Checked:
    try:
        return validate(content)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}={fault['input']}: {fault['msg']}"
            if fault["loc"]
            else fault["msg"].removeprefix("Value error, ")
            for fault in error.errors()
        ]
        raise ValueError("; ".join(faults)) from None
