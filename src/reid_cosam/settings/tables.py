"""Settings of `python -m reid_cosam.tables`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from reid_cosam.settings.base import PathText, Settings, Text, listed

TableName = Literal["table2", "table3", "table4", "table5", "table6", "table7"]


class TablesSettings(Settings):
    """Everything that `python -m reid_cosam.tables` composes; `origin` is the setting `from`."""

    origin: Literal["local", "wandb"] = Field(alias="from")
    runs: Annotated[tuple[PathText, ...], BeforeValidator(listed)]
    project: Text | None
    tables: Annotated[tuple[TableName, ...], BeforeValidator(listed)]
    out: PathText

    @model_validator(mode="after")
    def _fits_together(self) -> "TablesSettings":
        if (self.origin == "wandb") != (self.project is not None):
            raise ValueError("from=wandb and project=entity/name belong together: name both, or neither")
        return self
