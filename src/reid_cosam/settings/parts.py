"""Groups of settings that several commands share."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from reid_cosam.settings.base import Count, Natural, PathText, Settings, Side, Text, Workers, listed
from reid_cosam.settings.recipe import Part


class DataSettings(Settings):
    name: Text
    reader: Part
    root: PathText
    height: Side
    width: Side
    workers: Workers
    eval_batch_size: Count
    protocol: Literal["released", "cross_camera"]
    small: bool
    size: Literal["small", "medium", "full"] | None = None
    seed: Natural | None = None
    split: Natural | None = None
    tested_half: Literal["first", "last"] | None = None
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
