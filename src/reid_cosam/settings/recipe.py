"""How a network is made and trained."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from reid_cosam.settings.base import Channels, Count, Probability, Settings

_Beta = Annotated[float, Field(ge=0, lt=1)]


class BackboneSettings(Settings):
    name: Literal["resnet50", "se_resnet50", "resnet_tiny", "se_resnet_tiny"]
    pretrained: bool


class AggregatorSettings(Settings):
    name: Literal["tp_avg", "tp_max", "ta", "rnn"]
    last_stride: Literal[1, 2]


class AttentionSettings(Settings):
    variant: Literal["paper", "released"]
    reduced_channels: Channels
    reduced_channels_narrow: Channels


class LossSettings(Settings):
    margin: PositiveFloat
    triplet_weight: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


class OptimiserSettings(Settings):
    learning_rate: PositiveFloat
    weight_decay: Annotated[float, Field(ge=0)]
    betas: tuple[_Beta, _Beta]


class ScheduleSettings(Settings):
    """`step`: the rate times `factor` every `step_every` iterations; `one_cycle`: warm-up, annealing."""

    name: Literal["step", "one_cycle"]
    step_every: Count
    factor: PositiveFloat


class SamplingSettings(Settings):
    frames: Literal["consecutive", "consecutive_released", "random", "evenly"]
    identities: Annotated[int, Field(ge=2, le=4096)]
    tracklets: Annotated[int, Field(ge=1, le=4096)]


class AugmentationSettings(Settings):
    flip: Probability
    translate: Probability
    per_frame: bool


class RecipeSettings(Settings):
    name: str
    max_steps: Count
    attention: AttentionSettings
    loss: LossSettings
    optimiser: OptimiserSettings
    schedule: ScheduleSettings
    sampling: SamplingSettings
    augmentation: AugmentationSettings
