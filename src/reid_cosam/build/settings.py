"""Checked settings from a composed configuration."""

from collections.abc import Mapping
from typing import Any, TypeVar

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel, ValidationError

from reid_cosam.build.parts import callable_of, checked
from reid_cosam.command_line import resolvers  # noqa: F401 registers what conf/ uses
from reid_cosam.settings import (
    ConvertSettings,
    DashboardsSettings,
    DataSettings,
    EvaluateSettings,
    PackSettings,
    ReportSettings,
    TablesSettings,
    TrainSettings,
    VerifySettings,
    VisualizeSettings,
)
from reid_cosam.settings.messages import faults_in_words, unlike_its_spelling

_Settings = TypeVar("_Settings", bound=BaseModel)
# What `train` composes beside a run's own settings: of a sweep over many.
_OF_THE_SWEEP = ("seeds", "backbones", "retry_failed", "trust")


def read_settings(config: DictConfig) -> TrainSettings:
    """Checks what `train` composed.

    Raises:
        ValueError: names each value that is out of range, and the range.
    """
    told = {name: value for name, value in config.items() if name not in _OF_THE_SWEEP}
    return _as_typed(check_settings(OmegaConf.to_container(OmegaConf.create(told), resolve=True)))


def check_settings(content: object) -> TrainSettings:
    """As `read_settings`, from plain containers: what a checkpoint holds."""
    return with_checked_parts(_checked(TrainSettings, content))


# What `build` knows and fills in, where the class of a part takes it.
_FILLED_IN: Mapping[str, tuple[str, ...]] = {
    "attention": ("channels", "num_frames", "map_size"),
    "loss": ("num_identities", "descriptor_size"),
    "optimiser": ("params",),
    "schedule": ("optimizer", "max_steps"),
    "augmentation": (),
}


def with_checked_parts(settings: TrainSettings) -> TrainSettings:
    """The settings with each part's arguments as its class takes them, and the stride of CNN block 5 decided.

    Raises:
        ValueError: a part cannot be imported, or does not take its arguments; the message names the setting.
    """
    agg = checked("agg", settings.agg, ("channels", "num_frames", "map_size"))
    backbone = checked("backbone", settings.backbone, ("last_stride",))
    if "last_stride" in backbone and backbone["last_stride"] is None:
        backbone["last_stride"] = getattr(callable_of("agg", agg), "last_stride", 1)
    parts = {
        name: checked(f"recipe.{name}", getattr(settings.recipe, name), filled)
        for name, filled in _FILLED_IN.items()
        if name != "attention" or settings.cosam
    }
    recipe = settings.recipe.model_copy(update=parts)
    return settings.model_copy(update={"agg": agg, "backbone": backbone, "recipe": recipe})


def read_evaluate_settings(config: DictConfig) -> EvaluateSettings:
    """Checks what `evaluate` composed; raises as `read_settings`."""
    return _read(EvaluateSettings, config)


def read_pack_settings(config: DictConfig) -> PackSettings:
    """Checks what `pack` composed; raises as `read_settings`."""
    return _read(PackSettings, config)


def read_dashboards_settings(config: DictConfig) -> DashboardsSettings:
    """Checks what `dashboards` composed; raises as `read_settings`."""
    return _read(DashboardsSettings, config)


def read_report_settings(config: DictConfig) -> ReportSettings:
    """Checks what `report` composed; raises as `read_settings`."""
    return _as_typed(_checked(ReportSettings, OmegaConf.to_container(config, resolve=True)))


def read_tables_settings(config: DictConfig) -> TablesSettings:
    """Checks what `tables` composed; raises as `read_settings`."""
    return _as_typed(_checked(TablesSettings, OmegaConf.to_container(config, resolve=True)))


def read_visualize_settings(config: DictConfig) -> VisualizeSettings:
    """Checks what `visualize` composed; raises as `read_settings`."""
    return _read(VisualizeSettings, config)


def read_convert_settings(config: DictConfig) -> ConvertSettings:
    """Checks what `convert` composed, but its data set; raises as `read_settings`."""
    return _read(ConvertSettings, config)


def read_data_settings(config: DictConfig) -> DataSettings:
    """Checks the data set that `verify` composed; raises as `read_settings`."""
    return _read(VerifySettings, config).data


def _read(settings: type[_Settings], config: DictConfig) -> _Settings:
    """What was composed for these settings: data=synthetic sets more than the data, for training."""
    asked_for = (name for name in settings.model_fields if name in config)
    content = {name: config[name] for name in asked_for if not OmegaConf.is_missing(config, name)}
    return _as_typed(_checked(settings, OmegaConf.to_container(OmegaConf.create(content), resolve=True)))


def _checked(settings: type[_Settings], content: object) -> _Settings:
    try:
        return settings.model_validate(content)
    except ValidationError as error:
        raise ValueError(faults_in_words(error.errors(), content)) from None


def _as_typed(settings: _Settings) -> _Settings:
    """Refuses text that Hydra took for a number whose spelling is lost: 1e3 is no name for 1000.0."""
    typed: Any = HydraConfig.get().overrides.task if HydraConfig.initialized() else ()
    for override in typed:
        quoted = unlike_its_spelling(settings, override)
        if quoted is not None:
            raise ValueError(f"{override}: Hydra reads a number here; to mean text, quote it: {quoted}")
    return settings
