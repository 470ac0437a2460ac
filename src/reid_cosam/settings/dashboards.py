"""Settings of `python -m reid_cosam.dashboards`."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from reid_cosam.settings.base import PathText, Settings, Text, listed
from reid_cosam.settings.tables import TableName


class DashboardsSettings(Settings):
    """Everything that `python -m reid_cosam.dashboards` composes."""

    project: Annotated[Text, Field(pattern=r"^[^/\s]+/[^/\s]+$", description="entity/name")]
    tables: Annotated[tuple[TableName, ...], BeforeValidator(listed)]
    out: PathText
    dry_run: bool
