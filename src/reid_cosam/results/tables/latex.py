"""A table in LaTeX, for the packages booktabs and graphicx."""

import re
from collections.abc import Sequence

from reid_cosam.results.tables.layout import LAYOUTS
from reid_cosam.results.tables.table import SUBSCRIPT, Cell, Row, Table

_FLOAT = r"""{notes}\begin{{table*}}
\centering
\caption{{{title}. {caption}}}
\label{{tab:{name}}}
\resizebox{{\textwidth}}{{!}}{{%
\begin{{tabular}}{{{columns}}}
\toprule
{body}
\bottomrule
\end{{tabular}}}}
\end{{table*}}
"""
_ESCAPED = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "[": "{[}",  # which a line of a table must not begin with
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
    return _FLOAT.format(
        notes="".join(f"% {' '.join(note.split())}\n" for note in table.notes),
        title=_text(table.title),
        caption=" ".join(map(_text, table.caption)),
        name=f"{table.name}{'-synthetic' if table.is_synthetic else ''}",
        columns="l" * len(table.headings) + "".join("c" * len(one.metrics) for one in table.groups) + "c",
        body="\n".join([*_heading(table), r"\midrule", *_body(table)]),
    )


def _heading(table: Table) -> list[str]:
    spans, rules, start = [], [], len(table.headings) + 1
    for group in table.groups:
        width, group_title = len(group.metrics), _text(table.group_title(group))
        spans.append(rf"\multicolumn{{{width}}}{{c}}{{{group_title}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
        start += width
    metrics = [metric for group in table.groups for metric in group.metrics]
    return [
        _line([*[""] * len(table.headings), *spans, ""]),
        " ".join(rules),
        _line([*map(_text, table.headings), *metrics, "seeds"]),
    ]


def _body(table: Table) -> list[str]:
    """With a rule between backbones, where these stand in a column of their own."""
    ruled = LAYOUTS[table.name].best_of_backbone and len(table.headings) > 1
    lines: list[str] = []
    for number, row in enumerate(table.rows):
        if number and ruled and _family(row) != _family(table.rows[number - 1]):
            lines.append(r"\midrule")
        cells = [cell for group in row.cells for cell in group]
        ours = [_bold(_text(cell.ours), cell.best) for cell in cells]
        lines.append(_line([*map(_text, row.labels), *ours, _text(row.shown_seeds)]))
        printed = [_printed(cell) for cell in cells]
        if any(printed):
            lines.append(_line([*[""] * len(row.labels), *printed, ""]))
    return lines


def _family(row: Row) -> str:
    """`ResNet50[13]` and `ResNet50, size as COSAM` are one."""
    return re.split(r"[\[,]", row.labels[0])[0]


def _printed(cell: Cell) -> str:
    difference = cell.difference.replace("-", "$-$").replace("+", "$+$")
    beside = ", ".join(filter(None, (_bold(cell.published, cell.best_published), difference)))
    return rf"{{\footnotesize ({beside})}}" if beside else ""


def _bold(text: str, best: bool) -> str:
    return rf"\textbf{{{text}}}" if best else text


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _text(text: str) -> str:
    parts = re.split(SUBSCRIPT, re.sub(r'"([^"]*)"', r"``\1''", text))  # every other one an index
    return "".join(
        rf"\textsubscript{{{part}}}" if number % 2 else "".join(_ESCAPED.get(char, char) for char in part)
        for number, part in enumerate(parts)
    )
