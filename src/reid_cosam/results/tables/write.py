"""The paper's tables written to files: what `reid_cosam.tables` does."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from reid_cosam.results.store import write_text
from reid_cosam.results.tables.arrange import KINDS
from reid_cosam.results.tables.formats import html, latex, markdown, values
from reid_cosam.results.tables.notes import unplaced
from reid_cosam.results.tables.paper import published_tables
from reid_cosam.results.tables.read import from_places, from_wandb, no_finished_run
from reid_cosam.results.tables.records import results_csv
from reid_cosam.results.tables.table import Table

_FORMATS: dict[str, Callable[[Table], str]] = {
    "table.md": markdown,
    "table.tex": latex,
    "table.html": html,
    "table.csv": values,
}
_RESULTS = "results.csv"
_HOW_SCORED = (
    "How the tables' scores were made: the gallery is that of the protocol in the caption; Euclidean "
    "distance, or cosine where the recipe says so; all frames of a tracklet in snippets of as many frames as "
    "the network was trained on; networks are not given the camera."
)


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

        results, _, faults = from_wandb(wandb.Api().runs(project))
    else:
        results, _, faults = from_places(places)
    print("\n".join([f"{len(results)} results read", *faults]))
    if results.empty:
        raise no_finished_run(project or ", ".join(map(str, places)))
    read = {path.resolve() for path in places if path.is_file()}
    placed: set[int] = set()
    for name, published in published_tables().items():
        for kind, arranged in KINDS.items():
            table = arranged(name, published, results)
            placed |= {*table.results.index}
            if name in tables and len(table.results):
                _write(table, out / name / kind, read)
    if placed:
        print(f"\n{_HOW_SCORED}")
    left = [*unplaced(results.drop([*placed]))]
    if left:
        print("\n".join(["", *left]))


def _write(table: Table, folder: Path, read: set[Path]) -> None:
    """Writes a table in all formats and the results behind it; a file that these were read from stays."""
    for file, form in _FORMATS.items():
        write_text(folder / file, form(table))
    if (folder / _RESULTS).resolve() not in read:
        write_text(folder / _RESULTS, results_csv(table.results))
    print(f"\n{table.title}\n  written: {folder / 'table.md'}, and as .tex, .csv and .html")
    for note in table.notes:
        print(f"  {note}")
