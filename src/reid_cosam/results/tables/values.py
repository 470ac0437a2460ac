"""A table's values as CSV: for a spreadsheet or a script, unrounded."""

import csv
import io
from collections.abc import Iterator

from reid_cosam.results.tables.table import Cell, Table


def values(table: Table) -> str:
    """A row a row; of each column our mean and deviation, the published value and the difference."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*table.headings, *_headings(table)])
    for row in table.rows:
        line: list[object] = [*row.labels]
        for cells, seeds in zip(row.cells, row.seeds, strict=True):
            for cell in cells:
                line += _numbers(cell)
            line.append(seeds)
        writer.writerow(line)
    return text.getvalue()


def _headings(table: Table) -> Iterator[str]:
    for group in table.groups:
        title = table.group_title(group)
        for metric in group.metrics:
            name = f"{title} {metric}"
            yield from (name, f"{name} standard deviation", f"{name} published", f"{name} difference")
        yield f"{title} seeds"


def _numbers(cell: Cell) -> Iterator[str]:
    yield "" if cell.mean is None else f"{cell.mean:.4f}"
    yield "" if cell.deviation is None else f"{cell.deviation:.4f}"
    yield cell.published
    yield cell.difference
