"""The settings of a run, checked down to the arguments of each part that they name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from reid_cosam.build.parts import callable_of, checked, takes
from reid_cosam.data.pack_file import file_hash
from reid_cosam.settings import NetworkSettings, TrainSettings, messages, reading

_FILE_HASH = "weights_sha256"
# What `build` knows and fills in, where the class of a part takes it.
_FILLED_IN: Mapping[str, tuple[str, ...]] = {
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
    """As `read_settings`, from plain containers: what a checkpoint holds. Files named there are not read."""
    return _with_checked_parts(messages.checked(TrainSettings, content))


def with_checked_parts(settings: TrainSettings) -> TrainSettings:
    """The settings with each part's arguments as its class takes them, and the stride of CNN block 5 decided.

    A file of weights is recorded by its hash too, unless that is set already.

    Raises:
        ValueError: a part cannot be imported, or does not take its arguments; the message names the setting.
        FileNotFoundError: there is no such file of weights.
    """
    checked_settings = _with_checked_parts(settings)
    backbone = checked_settings.backbone
    if (
        not takes("backbone", backbone, _FILE_HASH)
        or backbone.get("weights") is None
        or backbone.get(_FILE_HASH) is not None
    ):
        return checked_settings
    return checked_settings.model_copy(
        update={"backbone": {**backbone, _FILE_HASH: _hash(backbone["weights"])}}
    )


def without_weights(backbone: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a backbone that gets its weights from a checkpoint: it reads and fetches no others."""
    random = dict(backbone)
    if "pretrained" in random:
        random["pretrained"] = False
    if takes("backbone", backbone, _FILE_HASH):
        random |= {"weights": None, _FILE_HASH: None}
    return random


def _hash(file: str) -> str:
    if not Path(file).is_file():
        raise FileNotFoundError(
            f"backbone.weights={file}: there is no such file. To resume a run without it, add "
            f"backbone.{_FILE_HASH}=... from config.yaml in the folder of the run"
        )
    return file_hash(Path(file), lambda _: None)


def with_checked_network(network: NetworkSettings) -> NetworkSettings:
    """The network's parts as their classes take them; raises as `with_checked_parts`, and reads no file."""
    agg = checked("agg", network.agg, ("channels", "num_frames", "map_size"))
    backbone = checked("backbone", network.backbone, ("last_stride",))
    if "last_stride" in backbone and backbone["last_stride"] is None:
        backbone["last_stride"] = getattr(callable_of("agg", agg), "last_stride", 1)
    attention = network.attention
    if network.cosam:
        attention = checked("recipe.attention", attention, ("channels", "num_frames", "map_size"))
    neck = network.neck and checked("recipe.neck", network.neck, ("channels",))
    return network.model_copy(update={"agg": agg, "backbone": backbone, "attention": attention, "neck": neck})


def takes_any_size(attention: Mapping[str, Any]) -> bool:
    """Whether the class of an attention layer says that it takes any number of frames."""
    return bool(getattr(callable_of("recipe.attention", attention), "any_size", False))


def _with_checked_parts(settings: TrainSettings) -> TrainSettings:
    network = with_checked_network(settings.network)
    if settings.cosam and settings.num_frames < 2 and not takes_any_size(network.attention):
        raise ValueError(
            f"COSAM compares the frames of a clip and needs num_frames >= 2, got {settings.num_frames}; use "
            "more frames, a layer for any number (recipe/attention=pooled or prototypes), or none: 'cosam=[]'"
        )
    parts = {
        name: checked(f"recipe.{name}", getattr(settings.recipe, name), filled)
        for name, filled in _FILLED_IN.items()
    }
    recipe = settings.recipe.model_copy(
        update={"attention": network.attention, "neck": network.neck, **parts}
    )
    return settings.model_copy(update={"agg": network.agg, "backbone": network.backbone, "recipe": recipe})
