"""The settings of a run: their types, their ranges, and what goes with what.

Values and defaults live in `conf/`; nothing here has a default, so that there is one place to look.
"""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

Probability = Annotated[float, Field(ge=0, le=1)]
Natural = Annotated[int, Field(ge=0)]


class Settings(BaseModel):
    """Refuses unknown keys and never changes after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BackboneSettings(Settings):
    name: Literal["resnet50", "se_resnet50", "se_resnet_tiny"]
    pretrained: bool


class AggregatorSettings(Settings):
    name: Literal["tp_avg", "tp_max", "ta", "rnn"]
    last_stride: Literal[1, 2]


class AttentionSettings(Settings):
    variant: Literal["paper", "released"]
    reduced_channels: PositiveInt
    reduced_channels_narrow: PositiveInt


class LossSettings(Settings):
    margin: PositiveFloat
    triplet_weight: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


class OptimiserSettings(Settings):
    learning_rate: PositiveFloat
    weight_decay: Annotated[float, Field(ge=0)]
    betas: tuple[float, float]


class ScheduleSettings(Settings):
    """`step`: the rate times `factor` every `step_every` iterations; `one_cycle`: warm-up, annealing."""

    name: Literal["step", "one_cycle"]
    step_every: PositiveInt
    factor: PositiveFloat


class SamplingSettings(Settings):
    frames: Literal["consecutive", "consecutive_released", "random", "evenly"]
    identities: Annotated[int, Field(ge=2)]
    tracklets: PositiveInt


class AugmentationSettings(Settings):
    flip: Probability
    translate: Probability
    per_frame: bool


class RecipeSettings(Settings):
    name: str
    max_steps: PositiveInt
    attention: AttentionSettings
    loss: LossSettings
    optimiser: OptimiserSettings
    schedule: ScheduleSettings
    sampling: SamplingSettings
    augmentation: AugmentationSettings


class DataSettings(Settings):
    name: Literal["synthetic", "mars"]
    root: str
    height: Annotated[int, Field(ge=32)]
    width: Annotated[int, Field(ge=32)]
    workers: Natural
    eval_batch_size: PositiveInt
    size: Literal["small", "medium", "full"] | None = None
    seed: Natural | None = None


class TrainerSettings(Settings):
    accelerator: Literal["auto", "cpu", "gpu"]
    devices: PositiveInt
    num_nodes: PositiveInt
    precision: Literal["auto", "32-true", "bf16-mixed"]
    max_steps: PositiveInt
    eval_every: PositiveInt
    checkpoint_every: PositiveInt
    log_every: PositiveInt
    deterministic: bool | Literal["warn"]


class LoggerSettings(Settings):
    name: Literal["wandb", "csv", "tensorboard", "none"]
    project: str | None = None
    entity: str | None = None
    group: str | None = None
    mode: Literal["offline", "online"] | None = None
    tags: tuple[str, ...] = ()


class TrainSettings(Settings):
    """Everything that `python -m reid_cosam.train` composes."""

    backbone: BackboneSettings
    cosam: tuple[int, ...]
    agg: AggregatorSettings
    recipe: RecipeSettings
    data: DataSettings
    trainer: TrainerSettings
    logger: LoggerSettings
    num_frames: PositiveInt
    seed: Natural
    ckpt_path: str | None

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
            raise ValueError(f"each cosam stage may stand once, got {list(self.cosam)}")
        ranks = self.trainer.devices * self.trainer.num_nodes
        if self.batch_size % ranks:
            raise ValueError(
                f"a batch of {self.batch_size} clips does not divide among {ranks} devices; change "
                "trainer.devices, recipe.sampling.identities or recipe.sampling.tracklets"
            )
        if self.cosam and self.num_frames < 2:
            raise ValueError(
                f"COSAM compares the frames of a clip and needs num_frames >= 2, got {self.num_frames}; "
                "use more frames, or no COSAM: 'cosam=[]'"
            )
        return self

    @property
    def batch_size(self) -> int:
        """Clips in a batch, over all devices."""
        return self.recipe.sampling.identities * self.recipe.sampling.tracklets

    @property
    def run_name(self) -> str:
        """Short and readable: what tells one run of a sweep from another."""
        placement = "cosam" + "".join(map(str, self.cosam)) if self.cosam else "no-cosam"
        parts = [self.backbone.name, placement, self.agg.name, f"n{self.num_frames}", f"seed{self.seed}"]
        return "-".join(parts)
