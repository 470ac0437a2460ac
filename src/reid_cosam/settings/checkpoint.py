"""A trained network and the data set that it is shown."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, model_validator

from reid_cosam.settings.base import Count, PathText, Settings, Text, Workers, listed
from reid_cosam.settings.parts import DataSettings


class OwnData(Settings):
    """What may differ from the data set that a checkpoint was trained on; None leaves it as it was."""

    root: PathText | None
    workers: Workers | None
    eval_batch_size: Count | None


class CheckpointSettings(Settings):
    """What is composed as `data` is a data set if it has a name, and else changes to the checkpoint's own."""

    ckpt: PathText
    trust: Annotated[tuple[Text, ...], BeforeValidator(listed)]
    data: DataSettings | None = None
    own_data: OwnData | None = None

    def shown(self, trained: DataSettings) -> DataSettings:
        """The data set to use, given the one that the checkpoint was trained on."""
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
