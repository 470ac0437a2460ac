"""Settings of `python -m reid_cosam.evaluate`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from reid_cosam.config.base import Natural, Settings
from reid_cosam.config.parts import DataSettings, DeviceSettings

ProtocolName = Literal["released", "with_queries", "official", "cross_camera"]


class RerankingSettings(Settings):
    """k-reciprocal re-ranking; `squared` says whether d or d squared goes in."""

    k1: PositiveInt
    k2: PositiveInt
    lambda_value: Annotated[float, Field(ge=0, le=1)]
    squared: bool


class DataChanges(Settings):
    """What may differ from the data set that a checkpoint was trained on; None leaves it as it was."""

    root: str | None
    workers: Natural | None
    eval_batch_size: PositiveInt | None
    attributes: str | None


class EvaluateSettings(Settings):
    """Everything that `python -m reid_cosam.evaluate` composes.

    What is composed as `data` is a data set if it has a name, and else changes to the checkpoint's own.
    """

    ckpt: str
    data: DataSettings | None = None
    own_data: DataChanges | None = None
    protocol: tuple[ProtocolName, ...] | None
    distance: Literal["euclidean", "cosine"]
    snippet_tail: Literal["cycle", "weighted"]
    rerank: bool
    reranking: RerankingSettings
    store: str | None
    trainer: DeviceSettings

    def evaluated(self, trained: DataSettings) -> DataSettings:
        """The data set to score, given the one that the checkpoint was trained on."""
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

    @field_validator("protocol", mode="before")
    @classmethod
    def _listed(cls, protocol: object) -> object:
        """One name may stand without brackets."""
        return (protocol,) if isinstance(protocol, str) else protocol
