"""Settings of every command but `train`, which has a file of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from reid_cosam.settings.base import (
    Count,
    Distance,
    Frames,
    Natural,
    PathText,
    Seed,
    Settings,
    Text,
    Workers,
    listed,
)
from reid_cosam.settings.train import DataSettings, DeviceSettings, ProtocolName

TableName = Literal["table2", "table3", "table4", "table5", "table6", "table7"]
Folders = Annotated[tuple[PathText, ...], BeforeValidator(listed)]
Modules = Annotated[tuple[Text, ...], BeforeValidator(listed)]
Tables = Annotated[tuple[TableName, ...], BeforeValidator(listed)]


def _last_of_run(path: str) -> str:
    """The last checkpoint of a run, where its folder is named."""
    last = Path(path) / "checkpoints" / "last.ckpt"
    return str(last) if last.is_file() else path


Checkpoint = Annotated[PathText, AfterValidator(_last_of_run)]


class SweepSettings(Settings):
    """What `train` composes beside the settings of a run: it concerns the command or a whole sweep."""

    trust: Modules
    retry_failed: bool
    seeds: Annotated[tuple[Seed, ...] | None, BeforeValidator(listed)] = None
    backbones: Mapping[str, Text] | None = None


class DataChanges(Settings):
    """What may differ from the data set that a checkpoint was trained on; None leaves it as it was."""

    root: PathText | None
    workers: Workers | None
    eval_batch_size: Count | None
    attributes: PathText | None = None


def _data_set_or_changes(data: object) -> str:
    """A data set has a name; without one, the settings change the data set of the checkpoint."""
    name = data.get("name") if isinstance(data, Mapping) else getattr(data, "name", None)
    return "changes" if name is None else "data set"


class CheckpointSettings(Settings):
    """A trained network and the data set to use it on."""

    ckpt: Checkpoint
    trust: Modules
    data: Annotated[
        Annotated[DataSettings, Tag("data set")] | Annotated[DataChanges, Tag("changes")],
        Discriminator(_data_set_or_changes),
    ]

    def data_set(self, trained: DataSettings) -> DataSettings:
        """The data set to use, given the one that the checkpoint was trained on."""
        if isinstance(self.data, DataSettings):
            return self.data
        return trained.model_copy(update=self.data.model_dump(exclude_none=True))


class RerankingSettings(Settings):
    """k-reciprocal re-ranking; `squared` says whether d or d squared goes in."""

    k1: Count
    k2: Count
    lambda_value: Annotated[float, Field(ge=0, le=1)]
    squared: bool


class ScoringSettings(Settings):
    protocol: Annotated[tuple[ProtocolName, ...] | None, BeforeValidator(listed)]
    distance: Distance | None
    rerank: bool
    reranking: RerankingSettings


class EvaluateSettings(CheckpointSettings, ScoringSettings):
    snippet_tail: Literal["cycle", "weighted"]
    num_frames: Frames | Literal["tracklet"] | None
    openset: bool
    store: PathText | None
    trainer: DeviceSettings


class ScoreSettings(ScoringSettings):
    descriptors: PathText | None
    rows: PathText | None
    tested_frames: Text | None
    camera_input: bool | Literal["unknown"] | None
    data: DataSettings


class OneDevice(Settings):
    accelerator: Literal["auto", "cpu", "gpu"]


class VisualizeSettings(CheckpointSettings):
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
                "tracklet=... names tracklets and pid=... selects people whose tracklets are drawn at "
                "random: leave one out"
            )
        for name in ("tracklet", "pid", "stages"):
            if getattr(self, name) == ():
                raise ValueError(f"{name}=[] is empty: leave it out for all of them")
        return self


class OneProcess(DeviceSettings):
    devices: Literal[1]


class AnalyseSettings(CheckpointSettings):
    distance: Distance | None
    seed: Seed
    trainer: OneProcess


class VerifySettings(Settings):
    data: DataSettings


class PackSettings(Settings):
    data: DataSettings
    out: PathText


class ConvertSettings(Settings):
    released: PathText
    out: PathText
    num_frames: Frames | None
    data: DataSettings


class ReportSettings(Settings):
    runs: Folders
    out: PathText


class TablesSettings(Settings):
    """`origin` is the setting `from`, a word that Python keeps for itself."""

    origin: Literal["local", "wandb"] = Field(alias="from")
    runs: Folders
    project: Text | None
    tables: Tables
    out: PathText

    @model_validator(mode="after")
    def _fits_together(self) -> "TablesSettings":
        if (self.origin == "wandb") != (self.project is not None):
            raise ValueError("from=wandb and project=entity/name belong together: name both, or neither")
        return self


class DashboardsSettings(Settings):
    project: Annotated[Text, Field(pattern=r"^[^/\s]+/[^/\s]+$", description="entity/name")]
    tables: Tables
    out: PathText
    dry_run: bool
