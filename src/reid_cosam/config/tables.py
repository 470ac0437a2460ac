"""Settings of `python -m reid_cosam.tables`."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from reid_cosam.config.base import Settings

TableName = Literal["table2", "table3", "table4", "table5", "table6", "table7"]


class TablesSettings(Settings):
    """Everything that `python -m reid_cosam.tables` composes; `origin` is the setting `from`."""

    origin: Literal["local", "wandb"] = Field(alias="from")
    runs: tuple[str, ...]
    project: str | None
    tables: tuple[TableName, ...]
    out: str

    @field_validator("runs", "tables", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        """One name may stand without brackets."""
        return (names,) if isinstance(names, str) else names

    @model_validator(mode="after")
    def _fits_together(self) -> "TablesSettings":
        if (self.origin == "wandb") != (self.project is not None):
            raise ValueError("from=wandb and project=entity/name belong together: name both, or neither")
        return self
