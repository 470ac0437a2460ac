"""Make the paper's tables of your results: `python -m reid_cosam.tables --help`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import wandb
from omegaconf import OmegaConf

from reid_cosam.command_line import command
from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.store import write_text
from reid_cosam.results.tables.arrange import on_paper_data, on_synthetic
from reid_cosam.results.tables.html import html
from reid_cosam.results.tables.latex import latex
from reid_cosam.results.tables.layout import LAYOUTS
from reid_cosam.results.tables.markdown import markdown
from reid_cosam.results.tables.published import read_published
from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.results_file import results_csv
from reid_cosam.results.tables.runs import from_places, from_wandb
from reid_cosam.results.tables.table import Table
from reid_cosam.results.tables.unplaced import unplaced
from reid_cosam.results.tables.values import values
from reid_cosam.settings import TablesSettings

_FORMATS: dict[str, Callable[[Table], str]] = {
    "table.md": markdown,
    "table.tex": latex,
    "table.html": html,
    "table.csv": values,
}
_KINDS = {"paper_data": on_paper_data, "synthetic": on_synthetic}
_RESULTS = "results.csv"


@command("tables", TablesSettings, subcommands={"status": "reid_cosam.sweeps.table_status"})
def main(settings: TablesSettings) -> None:
    """Makes them, or with `status` as the first word says what their sweeps have done so far."""
    run(settings)


def run(settings: TablesSettings) -> None:
    """Reads all results, writes the tables, prints where they are and what is missing or was left out.

    Raises:
        ValueError, OSError: there are no results; the message says how to mend it.
    """
    places = [Path(place) for place in settings.runs]
    if settings.origin == "wandb":
        records, faults = from_wandb(wandb.Api().runs(settings.project))
    else:
        records, faults = from_places(places, read_yaml)
    print("\n".join([f"{len(records)} results read", *faults]))
    if not records:
        told = settings.project or ", ".join(settings.runs)
        raise ValueError(f"{told} holds no finished run: train some, or name others with 'runs=[...]'")
    kept = {path.resolve() for path in places if path.is_file()}
    placed: set[int] = set()
    for name in LAYOUTS:
        published = read_published(EXPERIMENTS / name / "paper.csv")
        for kind, arranged in _KINDS.items():
            table, belonging = arranged(name, published, records)
            placed |= {id(record) for record in belonging}
            if name in settings.tables and belonging:
                _write(table, belonging, Path(settings.out) / name / kind, kept)
    left = list(unplaced([record for record in records if id(record) not in placed]))
    print("\n".join(["", *left]) if left else "", end="\n" if left else "")


def read_yaml(path: Path) -> object:
    """Plain containers; ValueError where the file is no YAML."""
    try:
        return OmegaConf.to_container(OmegaConf.load(path))
    except OSError:
        raise
    except Exception as error:  # of the parser and of OmegaConf, which have no base in common
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def _write(table: Table, records: Sequence[Record], folder: Path, kept: set[Path]) -> None:
    """Writes a table in all formats and the results behind it; a file that these were read from stays."""
    for file, form in _FORMATS.items():
        write_text(folder / file, form(table))
    if (folder / _RESULTS).resolve() not in kept:
        write_text(folder / _RESULTS, results_csv(records))
    print(f"\n{table.title}\n  written: {folder / 'table.md'}, and as .tex, .csv and .html")
    for note in table.notes:
        print(f"  {note}")


if __name__ == "__main__":
    main()
