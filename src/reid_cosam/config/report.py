"""Settings of `python -m reid_cosam.report`."""

from pydantic import field_validator

from reid_cosam.config.base import Settings


class ReportSettings(Settings):
    """Everything that `python -m reid_cosam.report` composes."""

    runs: tuple[str, ...]
    out: str

    @field_validator("runs", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        """One name may stand without brackets."""
        return (names,) if isinstance(names, str) else names
