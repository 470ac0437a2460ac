"""Settings of `python -m reid_cosam.dashboards`."""

from typing import Annotated

from pydantic import Field, field_validator

from reid_cosam.config.base import Settings
from reid_cosam.config.tables import TableName


class DashboardsSettings(Settings):
    """Everything that `python -m reid_cosam.dashboards` composes."""

    project: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$", description="entity/name")]
    tables: tuple[TableName, ...]
    out: str
    dry_run: bool

    @field_validator("tables", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        """One name may stand without brackets."""
        return (names,) if isinstance(names, str) else names
