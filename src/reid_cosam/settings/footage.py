"""Settings of the commands that work on footage and galleries."""

from typing import Literal

from pydantic import model_validator

from reid_cosam.settings.base import Count, PathText, Seed, Settings
from reid_cosam.settings.commands import Modules
from reid_cosam.settings.train import DataSettings, DeviceSettings


class CalibrateSettings(Settings):
    model: PathText
    trust: Modules
    data: DataSettings | None
    gallery: PathText | None
    persons: PathText | None
    labels: Literal["persons", "none"]
    distance: Literal["euclidean", "cosine"]
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
