"""A table in Markdown, as GitHub shows it."""

import re
from collections.abc import Sequence

from reid_cosam.results.tables.table import SUBSCRIPT, Cell, Table


def markdown(table: Table) -> str:
    """Title, caption, the table itself, and notes."""
    headings = [*map(_label, table.headings)]
    for group in table.groups:
        prefix = f"{table.group_title(group)} " if len(table.groups) > 1 else ""  # the title has it
        headings += [f"{prefix}{metric}" for metric in group.metrics]
    rows = [
        [*map(_label, row.labels), *(_cell(cell) for cells in row.cells for cell in cells), row.shown_seeds]
        for row in table.rows
    ]
    body = "\n".join([_line([*headings, "seeds"]), _line(["---"] * (len(headings) + 1)), *map(_line, rows)])
    parts = [f"# {_label(table.title)}", " ".join(map(_label, table.caption)), body]
    if table.notes:
        parts.append("\n".join(f"- {note}" for note in table.notes))
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _label(text: str) -> str:
    """`TP_avg` with its index below the line."""
    return re.sub(SUBSCRIPT, r"<sub>\1</sub>", text)


def _cell(cell: Cell) -> str:
    ours = f"**{cell.ours}**" if cell.best else cell.ours
    printed = f"**{cell.published}**" if cell.best_published else cell.published
    beside = ", ".join(filter(None, (printed, cell.difference)))
    return " ".join(filter(None, (ours, f"({beside})" if beside else "")))
