"""A command that only records what it was called with."""

from reid_cosam.command_line import command
from reid_cosam.settings import ReportSettings

ran: list[str] = []


@command("report", ReportSettings)
def main(settings: ReportSettings) -> None:
    """Stands for a command: records what it was called with."""
    ran.append(settings.out)
    if settings.out == "refused":
        raise ValueError("out=refused: no")
    if settings.out == "bug":
        raise KeyError("bug")
