"""The paper's tables written to files: what `reid_cosam.tables` does."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from reid_cosam.results.store import write_text
from reid_cosam.results.tables.arrange import KINDS
from reid_cosam.results.tables.formats import html, markdown, values
from reid_cosam.results.tables.latex import latex
from reid_cosam.results.tables.notes import unplaced
from reid_cosam.results.tables.published import published_tables
from reid_cosam.results.tables.read import from_places, from_wandb
from reid_cosam.results.tables.records import Record, results_csv
from reid_cosam.results.tables.table import Table

_FORMATS: dict[str, Callable[[Table], str]] = {
    "table.md": markdown,
    "table.tex": latex,
    "table.html": html,
    "table.csv": values,
}
_RESULTS = "results.csv"


def write_tables(places: Sequence[Path], project: str | None, tables: Collection[str], out: Path) -> None:
    """Reads all results, writes the tables, prints where they are and what is missing or was left out.

    Args:
        places: folders of runs, or files such as results.csv; not used if there is a `project`.
        project: `entity/name` of a Weights & Biases project to read instead.
        tables: the names of those that are written.

    Raises:
        ValueError, OSError: there are no results; the message says what to do.
    """
    if project is not None:
        import wandb

        records, faults = from_wandb(wandb.Api().runs(project))
    else:
        records, _, faults = from_places(places)
    print("\n".join([f"{len(records)} results read", *faults]))
    if not records:
        raise no_finished_run(project or ", ".join(map(str, places)))
    read = {path.resolve() for path in places if path.is_file()}
    placed: set[int] = set()
    for name, published in published_tables().items():
        for kind, arranged in KINDS.items():
            table, belonging = arranged(name, published, records)
            placed |= {id(record) for record in belonging}
            if name in tables and belonging:
                _write(table, belonging, out / name / kind, read)
    left = list(unplaced([record for record in records if id(record) not in placed]))
    if left:
        print("\n".join(["", *left]))


def no_finished_run(where: str) -> ValueError:
    """The error of a command that found nothing to read."""
    return ValueError(f"{where} holds no finished run: train one, or name other folders with 'runs=[...]'")


def _write(table: Table, records: Sequence[Record], folder: Path, read: set[Path]) -> None:
    """Writes a table in all formats and the results behind it; a file that these were read from stays."""
    for file, form in _FORMATS.items():
        write_text(folder / file, form(table))
    if (folder / _RESULTS).resolve() not in read:
        write_text(folder / _RESULTS, results_csv(records))
    print(f"\n{table.title}\n  written: {folder / 'table.md'}, and as .tex, .csv and .html")
    for note in table.notes:
        print(f"  {note}")
