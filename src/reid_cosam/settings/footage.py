"""Settings of the commands that work on footage and galleries."""

from typing import Annotated, Literal

from annotated_types import Gt, Lt
from pydantic import BeforeValidator, Field, model_validator

from reid_cosam.settings.base import Count, Distance, PathText, Seed, Settings, Side, Text, listed
from reid_cosam.settings.commands import Modules
from reid_cosam.settings.train import DataSettings, DeviceSettings

Rate = Annotated[float, Gt(0), Lt(1)]
Names = Annotated[tuple[Text, ...], BeforeValidator(listed)]
Format = Literal["onnx", "torch_export", "openvino", "openvino_int8"]
Layout = Literal["track", "camera_track", "person_camera_track", "csv", "video", "mot"]


class RenderSettings(Settings):
    out: PathText
    people: Annotated[int, Field(ge=1, le=9999)]
    first_person: Count
    part: Literal["train", "test"]
    cameras: Annotated[int, Field(ge=1, le=99)]
    visits: Annotated[int, Field(ge=1, le=99)]
    minutes: Annotated[float, Field(ge=0, le=600)]
    height: Side
    width: Side
    fps: Annotated[int, Field(ge=1, le=60)]
    seed: Seed


class ExportSettings(Settings):
    ckpt: PathText
    out: PathText
    calibration: PathText | None
    format: Annotated[tuple[Format, ...], BeforeValidator(listed)]
    data: DataSettings | None = None
    trust: Modules

    @model_validator(mode="after")
    def _int8_needs_data(self) -> "ExportSettings":
        if "openvino_int8" in self.format and self.data is None:
            raise ValueError(
                "format=openvino_int8 needs data=..., whose training frames show the ranges of the numbers"
            )
        return self


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
    engine: Literal["torch", "onnx", "openvino", "openvino_int8"]
    trainer: ExtractionDevice


class CalibrateSettings(Settings):
    model: PathText
    trust: Modules
    data: DataSettings | None
    gallery: PathText | None
    persons: PathText | None
    labels: Literal["persons", "none"]
    distance: Distance | None
    draws: Count
    seed: Seed
    out: PathText | None
    trainer: DeviceSettings

    @model_validator(mode="after")
    def _fits_together(self) -> "CalibrateSettings":
        if (self.data is None) == (self.gallery is None):
            raise ValueError("name what to calibrate on: either data=... or gallery=FOLDER")
        if self.gallery is None and (self.persons is not None or self.labels == "none"):
            raise ValueError("persons=... and labels=none are about a gallery: add gallery=FOLDER")
        if self.persons is not None and self.labels == "none":
            raise ValueError("persons=... names people and labels=none does without names: leave one out")
        if self.trainer.devices != 1:
            raise ValueError("calibrate extracts on one device: trainer.devices=1")
        return self


class LinkSettings(Settings):
    gallery: PathText
    persons: PathText | None
    calibration: PathText | None
    far: Rate
    threshold: Annotated[float, Field(gt=0)] | None
    travel_times: PathText | None
    out: PathText | None


class SearchSettings(Settings):
    gallery: PathText
    query: PathText
    camera: Text | None
    model: PathText | None
    trust: Modules
    calibration: PathText | None
    far: Rate
    cameras: Names
    top: Count
    rerank: bool
    out: PathText
