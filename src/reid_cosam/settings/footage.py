"""Settings of the commands that work on footage and galleries."""

from typing import Annotated, Literal

from pydantic import Field

from reid_cosam.settings.base import Count, PathText, Settings
from reid_cosam.settings.commands import Modules
from reid_cosam.settings.train import DeviceSettings

Layout = Literal["track", "camera_track", "person_camera_track", "csv", "video", "mot"]


class ExtractionDevice(Settings):
    """One device, and how it computes."""

    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "32-true", "bf16-mixed"]

    def as_devices(self) -> DeviceSettings:
        return DeviceSettings(accelerator=self.accelerator, devices=1, precision=self.precision)


class EmbedSettings(Settings):
    model: PathText
    trust: Modules
    footage: PathText
    layout: Layout | None
    fps: Annotated[float, Field(gt=0)] | None
    broken: Literal["refuse", "skip"]
    out: PathText
    batch: Count
    min_frames: Count
    trainer: ExtractionDevice
