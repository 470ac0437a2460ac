"""Settings of `python -m reid_cosam.evaluate`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator

from reid_cosam.config.base import Settings
from reid_cosam.config.checkpoint import CheckpointSettings, OwnData
from reid_cosam.config.parts import DeviceSettings

ProtocolName = Literal["released", "with_queries", "official", "cross_camera"]


class RerankingSettings(Settings):
    """k-reciprocal re-ranking; `squared` says whether d or d squared goes in."""

    k1: PositiveInt
    k2: PositiveInt
    lambda_value: Annotated[float, Field(ge=0, le=1)]
    squared: bool


class DataChanges(OwnData):
    """The attributes may be named as well."""

    attributes: str | None


class EvaluateSettings(CheckpointSettings):
    """Everything that `python -m reid_cosam.evaluate` composes."""

    own_data: DataChanges | None = None
    protocol: tuple[ProtocolName, ...] | None
    distance: Literal["euclidean", "cosine"]
    snippet_tail: Literal["cycle", "weighted"]
    rerank: bool
    reranking: RerankingSettings
    store: str | None
    trainer: DeviceSettings

    @field_validator("protocol", mode="before")
    @classmethod
    def _listed(cls, protocol: object) -> object:
        """One name may stand without brackets."""
        return (protocol,) if isinstance(protocol, str) else protocol
