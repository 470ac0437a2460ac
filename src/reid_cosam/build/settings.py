"""The settings of a run, checked down to the arguments of each part that they name."""

from collections.abc import Mapping

from omegaconf import DictConfig

from reid_cosam.build.parts import callable_of, checked
from reid_cosam.settings import TrainSettings, messages, reading

# What `build` knows and fills in, where the class of a part takes it.
_FILLED_IN: Mapping[str, tuple[str, ...]] = {
    "attention": ("channels", "num_frames", "map_size"),
    "loss": ("num_identities", "descriptor_size"),
    "optimiser": ("params",),
    "schedule": ("optimizer", "max_steps"),
    "augmentation": (),
}


def read_settings(config: DictConfig) -> TrainSettings:
    """Checks what `train` composed.

    Raises:
        ValueError: names each value that is out of range, and the range.
    """
    return with_checked_parts(reading.read_settings(TrainSettings, config))


def check_settings(content: object) -> TrainSettings:
    """As `read_settings`, from plain containers: what a checkpoint holds."""
    return with_checked_parts(messages.checked(TrainSettings, content))


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
