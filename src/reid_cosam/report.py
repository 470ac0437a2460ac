"""Write one page of all results: `python -m reid_cosam.report --help`."""

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

import reid_cosam
from reid_cosam.command_line import command
from reid_cosam.data.frames import read_frame
from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.counted_progress import counted
from reid_cosam.results.report.page import ArrangedTable, outline, page
from reid_cosam.results.report.runs import read_runs
from reid_cosam.results.store import write_text
from reid_cosam.results.tables.arrange import on_paper_data, on_synthetic
from reid_cosam.results.tables.layout import LAYOUTS
from reid_cosam.results.tables.published import read_published
from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.runs import from_places
from reid_cosam.settings import ReportSettings
from reid_cosam.tables import read_yaml

_HEIGHT, _WIDTH = 80, 40  # of the frames in ranked lists


@command("report", ReportSettings)
def main(settings: ReportSettings) -> None:
    """Writes it."""
    run(settings)


def run(settings: ReportSettings) -> None:
    """Reads all runs, writes the page, prints where it is and what was left out.

    Raises:
        ValueError, OSError: there are no runs; the message says how to mend it.
    """
    places, out = [Path(place) for place in settings.runs], Path(settings.out)
    records, faults = from_places(places, read_yaml)
    runs = read_runs(places, read_yaml, faults)
    print(f"{len(runs)} finished {'run' if len(runs) == 1 else 'runs'}")
    if not runs:
        print("\n".join(faults), end="\n" if faults else "")
        told = ", ".join(settings.runs)
        raise ValueError(f"{told} holds no finished run: train some, or name others with 'runs=[...]'")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    made = f"{now} by reid_cosam {reid_cosam.__version__}"
    shown = outline(runs, faults)
    with counted(len(shown), "parts of the page") as advance:
        text = page(shown, _tables(records), faults, _frame, made, advance)
    write_text(out, text)
    print("\n".join(faults), end="\n" if faults else "")
    print(f"report: {out} ({out.stat().st_size / 1e6:.1f} MB, needs no other file)")


def _tables(records: list[Record]) -> list[ArrangedTable]:
    """Those of the paper's tables that the results belong in, on its data sets and on synthetic ones."""
    found: list[ArrangedTable] = []
    for name in LAYOUTS:
        published = read_published(EXPERIMENTS / name / "paper.csv")
        arranged = (on_paper_data(name, published, records), on_synthetic(name, published, records))
        found += [(table, belonging) for table, belonging in arranged if belonging]
    return found


def _frame(path: str) -> UInt8[np.ndarray, "h w 3"]:
    return read_frame(path, _HEIGHT, _WIDTH)


if __name__ == "__main__":
    main()
