"""Settings of `python -m reid_cosam.evaluate`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from reid_cosam.settings.base import Count, PathText, Settings, listed
from reid_cosam.settings.checkpoint import CheckpointSettings, OwnData
from reid_cosam.settings.parts import DeviceSettings

ProtocolName = Literal["released", "with_queries", "official", "cross_camera"]


class RerankingSettings(Settings):
    """k-reciprocal re-ranking; `squared` says whether d or d squared goes in."""

    k1: Count
    k2: Count
    lambda_value: Annotated[float, Field(ge=0, le=1)]
    squared: bool


class DataChanges(OwnData):
    """The attributes may be named as well."""

    attributes: PathText | None


class EvaluateSettings(CheckpointSettings):
    """Everything that `python -m reid_cosam.evaluate` composes."""

    own_data: DataChanges | None = None
    protocol: Annotated[tuple[ProtocolName, ...] | None, BeforeValidator(listed)]
    distance: Literal["euclidean", "cosine"]
    snippet_tail: Literal["cycle", "weighted"]
    rerank: bool
    reranking: RerankingSettings
    store: PathText | None
    trainer: DeviceSettings
