"""Write one page of all results: `reid-cosam report --help`."""

from functools import partial
from pathlib import Path

from reid_cosam.command_line import command
from reid_cosam.settings import ReportSettings

_HEIGHT, _WIDTH = 80, 40  # of the frames in ranked lists


@command("report", ReportSettings)
def main(settings: ReportSettings) -> None:
    """Reads all runs, writes the page, prints where it is and what was left out.

    Raises:
        ValueError, OSError: there are no runs; the message says what to do.
    """
    from reid_cosam.data.frames import read_frame
    from reid_cosam.results.report.page import write_report

    frame = partial(read_frame, height=_HEIGHT, width=_WIDTH)
    write_report([*map(Path, settings.runs)], Path(settings.out), frame)


if __name__ == "__main__":
    main()
