"""The settings of `reid-cosam train`: the parts of network and recipe, data, trainer, logger."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from reid_cosam.settings.base import (
    Count,
    Distance,
    Frames,
    Natural,
    PathText,
    Seed,
    Settings,
    Side,
    Text,
    Workers,
    listed,
)


def _names_a_class(part: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(part.get("_target_"), str):
        raise ValueError("names no class or function: _target_=module.name")
    return part


Part = Annotated[dict[str, Any], AfterValidator(_names_a_class)]
"""A class or function under `_target_`, and its arguments, which `build.parts` checks by its signature."""

# As they stand in file names and tables.
_SHORT_NAMES = {
    "Cosam": "cosam",
    "PooledCosam": "pooled_cosam",
    "PrototypeCosam": "prototype_cosam",
    "TemporalAveragePooling": "tp_avg",
    "TemporalMaxPooling": "tp_max",
    "TemporalAttention": "ta",
    "TemporalRnn": "rnn",
}


def part_name(part: Mapping[str, Any]) -> str:
    """What a part is called in file names and tables: `se_resnet50`, `tp_avg`, the name of a class.

    >>> part_name({"_target_": "my_nets.GeM", "p": 3})
    'GeM'
    >>> part_name({"_target_": "reid_cosam.models.timm_backbones.timm_backbone", "model": "resnet18"})
    'timm_resnet18'
    """
    name = str(part["_target_"]).rpartition(".")[2]
    if name == "timm_backbone" and "model" in part:
        return f"timm_{part['model']}"
    return _SHORT_NAMES.get(name, name)


class SamplingSettings(Settings):
    frames: Literal["consecutive", "consecutive_released", "random", "evenly", "spread"]
    identities: Annotated[int, Field(ge=2, le=4096)]
    tracklets: Annotated[int, Field(ge=1, le=4096)]


class RecipeSettings(Settings):
    name: str
    max_steps: Count
    attention: Part
    neck: Part | None = None
    loss: Part
    optimiser: Part
    schedule: Part
    augmentation: Part
    sampling: SamplingSettings
    # Checkpoints of earlier versions know neither neck, ema nor distance.
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    distance: Distance = "euclidean"


ProtocolName = Literal[
    "released",
    "with_queries",
    "official",
    "cross_camera",
    "clothes_changing",
    "same_clothes",
    "cross_view",
]


class DataSettings(Settings):
    name: Text
    reader: Part
    root: PathText
    height: Side
    width: Side
    workers: Workers
    eval_batch_size: Count
    protocol: ProtocolName
    small: bool
    size: Literal["small", "medium", "full"] | None = None
    seed: Natural | None = None
    split: Natural | None = None
    tested_half: Literal["first", "last"] | None = None
    pattern: Text | None = None
    file: PathText | None = None
    attributes: PathText | None = None


class DeviceSettings(Settings):
    accelerator: Literal["auto", "cpu", "gpu"]
    devices: Count
    precision: Literal["auto", "32-true", "bf16-mixed"]


class TrainerSettings(DeviceSettings):
    num_nodes: Count
    max_steps: Count
    eval_every: Count
    checkpoint_every: Count
    log_every: Count
    deterministic: bool | Literal["warn"]
    compile: bool | Literal["auto"]


class LoggerSettings(Settings):
    name: Literal["wandb", "csv", "tensorboard", "none"]
    project: Text | None = None
    entity: Text | None = None
    group: Text | None = None
    mode: Literal["offline", "online"] | None = None
    tags: Annotated[tuple[Text, ...], BeforeValidator(listed)] = ()


class NetworkSettings(Settings):
    """The parts of a network, all that rebuilding it needs beside its clip length and image size."""

    backbone: Part
    cosam: tuple[Annotated[int, Field(ge=1, le=5)], ...]
    attention: Part
    agg: Part
    neck: Part | None = None

    @property
    def name(self) -> str:
        """Short and readable: `se_resnet50-cosam45-tp_avg`."""
        placement = part_name(self.attention) + "".join(map(str, self.cosam)) if self.cosam else "no-cosam"
        return "-".join((part_name(self.backbone), placement, part_name(self.agg)))


class TrainSettings(Settings):
    """Everything that `reid-cosam train` composes."""

    backbone: Part
    cosam: tuple[int, ...]
    agg: Part
    recipe: RecipeSettings
    data: DataSettings
    trainer: TrainerSettings
    logger: LoggerSettings
    num_frames: Frames
    seed: Seed
    ckpt_path: PathText | None
    registry: PathText | None

    @field_validator("cosam", mode="before")
    @classmethod
    def _is_list(cls, cosam: object) -> object:
        if not isinstance(cosam, list | tuple):
            raise ValueError(
                "expected a list of CNN blocks; quote it for the shell: 'cosam=[4,5]', 'cosam=[]'"
            )
        return cosam

    @model_validator(mode="after")
    def _fits_together(self) -> "TrainSettings":
        outside = [stage for stage in self.cosam if not 1 <= stage <= 5]
        if outside:
            raise ValueError(f"cosam stages must be within 1..5, got {list(self.cosam)}")
        if len(set(self.cosam)) < len(self.cosam):
            raise ValueError(f"each cosam stage may occur only once, got {list(self.cosam)}")
        ranks = self.trainer.devices * self.trainer.num_nodes
        if self.batch_size % ranks:
            raise ValueError(
                f"a batch of {self.batch_size} clips cannot be divided among {ranks} devices; change "
                "trainer.devices, recipe.sampling.identities or recipe.sampling.tracklets"
            )
        return self

    @property
    def batch_size(self) -> int:
        """Clips in a batch, over all devices."""
        return self.recipe.sampling.identities * self.recipe.sampling.tracklets

    @property
    def network(self) -> NetworkSettings:
        recipe = self.recipe
        return NetworkSettings(
            backbone=self.backbone,
            cosam=self.cosam,
            attention=recipe.attention,
            agg=self.agg,
            neck=recipe.neck,
        )

    @property
    def run_name(self) -> str:
        """Short and readable: what tells one run of a sweep from another."""
        parts = [self.network.name, f"n{self.num_frames}", f"seed{self.seed}"]
        if self.data.split is not None:
            parts.append(f"split{self.data.split}")
        return "-".join(parts)
