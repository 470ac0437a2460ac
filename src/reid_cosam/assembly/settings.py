"""Checked settings from a composed configuration."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel, ValidationError

from reid_cosam.config import (
    DashboardsSettings,
    DataSettings,
    EvaluateSettings,
    PackSettings,
    ReportSettings,
    TablesSettings,
    TrainSettings,
    VisualizeSettings,
)

_Checked = TypeVar("_Checked")
# What `train` composes beside a run's own settings: of a sweep over many.
_OF_THE_SWEEP = ("seeds", "backbones", "retry_failed")


def read_settings(config: DictConfig) -> TrainSettings:
    """Checks what `train` composed.

    Raises:
        ValueError: names each value that is out of range, and the range.
    """
    told = {name: value for name, value in config.items() if name not in _OF_THE_SWEEP}
    return check_settings(OmegaConf.to_container(OmegaConf.create(told), resolve=True))


def check_settings(content: object) -> TrainSettings:
    """As `read_settings`, from plain containers: what a checkpoint holds."""
    return _checked(TrainSettings.model_validate, content)


def read_evaluate_settings(config: DictConfig) -> EvaluateSettings:
    """Checks what `evaluate` composed; raises as `read_settings`."""
    return _checked(EvaluateSettings.model_validate, _told(config, EvaluateSettings))


def read_pack_settings(config: DictConfig) -> PackSettings:
    """Checks what `pack` composed; raises as `read_settings`."""
    return _checked(PackSettings.model_validate, _told(config, PackSettings))


def read_dashboards_settings(config: DictConfig) -> DashboardsSettings:
    """Checks what `dashboards` composed; raises as `read_settings`."""
    return _checked(DashboardsSettings.model_validate, _told(config, DashboardsSettings))


def read_report_settings(config: DictConfig) -> ReportSettings:
    """Checks what `report` composed; raises as `read_settings`."""
    return _checked(ReportSettings.model_validate, OmegaConf.to_container(config, resolve=True))


def read_tables_settings(config: DictConfig) -> TablesSettings:
    """Checks what `tables` composed; raises as `read_settings`."""
    return _checked(TablesSettings.model_validate, OmegaConf.to_container(config, resolve=True))


def read_visualize_settings(config: DictConfig) -> VisualizeSettings:
    """Checks what `visualize` composed; raises as `read_settings`."""
    return _checked(VisualizeSettings.model_validate, _told(config, VisualizeSettings))


def read_data_settings(config: DictConfig) -> DataSettings:
    """Checks the data set that `verify` composed; raises as `read_settings`."""
    return _checked(DataSettings.model_validate, OmegaConf.to_container(config.data, resolve=True))


def _told(config: DictConfig, settings: type[BaseModel]) -> object:
    """What was composed for these settings: data=synthetic sets more than the data, for training."""
    asked_for = (name for name in settings.model_fields if name in config)
    content = {name: config[name] for name in asked_for if not OmegaConf.is_missing(config, name)}
    return OmegaConf.to_container(OmegaConf.create(content), resolve=True)


def _checked(validate: Callable[[object], _Checked], content: object) -> _Checked:
    try:
        return validate(content)
    except ValidationError as error:
        raise ValueError("; ".join(map(_said, error.errors()))) from None


def _said(fault: Mapping[str, Any]) -> str:
    name = ".".join(map(str, fault["loc"]))
    if not name:
        return str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"{name} is missing: name it, {name}=..."
    return f"{name}={fault['input']}: {fault['msg']}"
