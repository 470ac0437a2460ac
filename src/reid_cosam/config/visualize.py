"""Settings of `python -m reid_cosam.visualize`."""

from typing import Literal

from pydantic import PositiveInt, field_validator, model_validator

from reid_cosam.config.base import Natural, Settings
from reid_cosam.config.checkpoint import CheckpointSettings


class OneDevice(Settings):
    accelerator: Literal["auto", "cpu", "gpu"]


class VisualizeSettings(CheckpointSettings):
    """Everything that `python -m reid_cosam.visualize` composes."""

    tracklet: tuple[str, ...] | None
    pid: tuple[int, ...] | None
    part: Literal["query", "gallery"]
    count: PositiveInt
    seed: Natural
    snippet: Natural
    stages: tuple[int, ...] | None
    coverage: bool
    trainer: OneDevice

    @field_validator("tracklet", "pid", "stages", mode="before")
    @classmethod
    def _listed(cls, values: object) -> object:
        """One value may stand without brackets."""
        return (values,) if isinstance(values, str | int) else values

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
