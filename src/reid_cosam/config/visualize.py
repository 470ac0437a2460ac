"""Settings of `python -m reid_cosam.visualize`."""

from collections.abc import Mapping
from typing import Literal

from pydantic import PositiveInt, field_validator, model_validator

from reid_cosam.config.base import Natural, Settings
from reid_cosam.config.parts import DataSettings


class OwnData(Settings):
    """What may differ from the data set that a checkpoint was trained on; None leaves it as it was."""

    root: str | None
    workers: Natural | None
    eval_batch_size: PositiveInt | None


class OneDevice(Settings):
    accelerator: Literal["auto", "cpu", "gpu"]


class VisualizeSettings(Settings):
    """Everything that `python -m reid_cosam.visualize` composes.

    What is composed as `data` is a data set if it has a name, and else changes to the checkpoint's own.
    """

    ckpt: str
    data: DataSettings | None = None
    own_data: OwnData | None = None
    tracklet: tuple[str, ...] | None
    pid: tuple[int, ...] | None
    part: Literal["query", "gallery"]
    count: PositiveInt
    seed: Natural
    snippet: Natural
    stages: tuple[int, ...] | None
    coverage: bool
    trainer: OneDevice

    def shown(self, trained: DataSettings) -> DataSettings:
        """The data set to look at, given the one that the checkpoint was trained on."""
        changes = self.own_data.model_dump(exclude_none=True) if self.own_data else {}
        return self.data or trained.model_copy(update=changes)

    @model_validator(mode="before")
    @classmethod
    def _named_or_own(cls, content: object) -> object:
        if not isinstance(content, Mapping) or not isinstance(content.get("data"), Mapping):
            return content
        if content["data"].get("name") is not None:
            return content
        return {"own_data" if key == "data" else key: value for key, value in content.items()}

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
