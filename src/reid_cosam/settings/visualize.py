"""Settings of `python -m reid_cosam.visualize`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from reid_cosam.settings.base import Count, Natural, Seed, Settings, Text, listed
from reid_cosam.settings.checkpoint import CheckpointSettings


class OneDevice(Settings):
    accelerator: Literal["auto", "cpu", "gpu"]


class VisualizeSettings(CheckpointSettings):
    """Everything that `python -m reid_cosam.visualize` composes."""

    tracklet: Annotated[tuple[Text, ...] | None, BeforeValidator(listed)]
    pid: Annotated[tuple[int, ...] | None, BeforeValidator(listed)]
    part: Literal["query", "gallery"]
    count: Count
    seed: Seed
    snippet: Natural
    stages: Annotated[tuple[int, ...] | None, BeforeValidator(listed)]
    coverage: bool
    trainer: OneDevice

    @model_validator(mode="after")
    def _fits_together(self) -> "VisualizeSettings":
        if self.tracklet is not None and self.pid is not None:
            raise ValueError(
                "tracklet=... names tracklets and pid=... says whose are drawn by chance: leave one out"
            )
        for name in ("tracklet", "pid", "stages"):
            if getattr(self, name) == ():
                raise ValueError(f"{name}=[] names nothing: leave it out for all of them")
        return self
