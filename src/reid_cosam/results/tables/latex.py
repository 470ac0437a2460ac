"""A table in LaTeX, for the packages booktabs and graphicx."""

import re
from collections.abc import Sequence

from reid_cosam.results.tables.table import SUBSCRIPT, Cell, Row, Table

_ESCAPED = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "–": "--",  # noqa: RUF001, an en dash
}


def latex(table: Table) -> str:
    """A float with caption. Of a row's two lines the first holds ours, the second the paper's.

    Notes are comments.
    """
    columns = "l" * len(table.headings) + "".join("c" * len(group.metrics) for group in table.groups) + "c"
    lines = [
        *(f"% {' '.join(note.split())}" for note in table.notes),
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{_text(table.title)}. {' '.join(map(_text, table.caption))}}}",
        rf"\label{{tab:{table.name}}}",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        *_heading(table),
        r"\midrule",
        *(line for row in table.rows for line in _lines(row)),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def _heading(table: Table) -> list[str]:
    names = len(table.headings)
    spans = [
        rf"\multicolumn{{{len(one.metrics)}}}{{c}}{{{_text(table.group_title(one))}}}" for one in table.groups
    ]
    rules, start = [], names + 1
    for group in table.groups:
        rules.append(rf"\cmidrule(lr){{{start}-{start + len(group.metrics) - 1}}}")
        start += len(group.metrics)
    metrics = [metric for group in table.groups for metric in group.metrics]
    return [
        _line([*[""] * names, *spans, ""]),
        " ".join(rules),
        _line([*map(_text, table.headings), *metrics, "seeds"]),
    ]


def _lines(row: Row) -> list[str]:
    cells = [cell for group in row.cells for cell in group]
    ours = [_bold(_text(cell.ours), cell.best) for cell in cells]
    printed = [_printed(cell) for cell in cells]
    labels = [*map(_text, row.labels)]
    lines = [_line([*labels, *ours, _text(row.shown_seeds)])]
    return [*lines, _line([*[""] * len(labels), *printed, ""])] if any(printed) else lines


def _printed(cell: Cell) -> str:
    difference = cell.difference.replace("-", "$-$").replace("+", "$+$")
    beside = ", ".join(filter(None, (_bold(cell.published, cell.best_published), difference)))
    return rf"{{\footnotesize ({beside})}}" if beside else ""


def _bold(text: str, best: bool) -> str:
    return rf"\textbf{{{text}}}" if best else text


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _text(text: str) -> str:
    parts = re.split(SUBSCRIPT, text)  # every other one an index
    return "".join(
        rf"\textsubscript{{{part}}}" if number % 2 else "".join(_ESCAPED.get(char, char) for char in part)
        for number, part in enumerate(parts)
    )
