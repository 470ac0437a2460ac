"""Settings of `python -m reid_cosam.report`."""

from typing import Annotated

from pydantic import BeforeValidator

from reid_cosam.settings.base import PathText, Settings, listed


class ReportSettings(Settings):
    """Everything that `python -m reid_cosam.report` composes."""

    runs: Annotated[tuple[PathText, ...], BeforeValidator(listed)]
    out: PathText
