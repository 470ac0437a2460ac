"""A table in Markdown, HTML, CSV and LaTeX."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from reid_cosam.results.tables.paper import LAYOUTS
from reid_cosam.results.tables.table import SUBSCRIPT, Cell, Table

_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<style>{style}</style></head><body>
<h1>{title}</h1>
<p>{caption}</p>
<div>{table}</div>
{notes}</body></html>
"""
_STYLE = (
    "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
    "th,td{padding:.2em .7em;text-align:right;white-space:nowrap}"
    "th[scope=row]{text-align:left;font-weight:normal}small{color:#555}"
    "thead tr:first-child th{border-top:2px solid}thead tr:last-child th{border-bottom:1px solid}"
    "tbody tr:last-child>*{border-bottom:2px solid}thead th[colspan]{text-align:center}"
    "thead th[rowspan]:not(:last-child){text-align:left}div{overflow-x:auto}p,ul{max-width:60em}"
)
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


def markdown(table: Table) -> str:
    """As GitHub shows it: title, caption, the table itself, and notes."""
    several = len(table.groups) > 1  # else the title names the only one
    columns = [
        f"{group} {score}" if several else score for group, scores in table.groups.items() for score in scores
    ]
    lines = [
        [*map(_subscripts, table.headings), *columns, "seeds"],
        ["---"] * (len(table.headings) + len(columns) + 1),
        *table.lines(_subscripts, lambda cell: _shown(cell, "**{}**", "{}")),
    ]
    body = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    parts = [
        f"# {_subscripts(table.title)}",
        " ".join(map(_subscripts, table.caption)),
        "\n".join(f"| {line} |" for line in body),
        "\n".join(f"- {note}" for note in table.notes),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def html(table: Table) -> str:
    """As a page that needs no other file: title, caption, the table itself, and notes."""
    notes = "".join(f"<li>{remark(note)}</li>" for note in table.notes)
    return _PAGE.format(
        name=escape(table.title),
        style=_STYLE,
        title=text(table.title),
        caption=" ".join(map(text, table.caption)),
        table=table_element(table),
        notes=f"<ul>{notes}</ul>\n" if notes else "",
    )


def table_element(table: Table) -> str:
    """The table itself."""
    names = "".join(f'<th rowspan="2">{text(name)}</th>' for name in table.headings)
    groups = "".join(
        f'<th colspan="{len(scores)}">{escape(group)}</th>' for group, scores in table.groups.items()
    )
    below = "".join(f"<th>{score}</th>" for scores in table.groups.values() for score in scores)
    heading = f'<tr>{names}{groups}<th rowspan="2">seeds</th></tr><tr>{below}</tr>'
    lines = table.lines(
        lambda label: f'<th scope="row">{text(label)}</th>',
        lambda cell: f"<td>{_shown(cell, '<b>{}</b>', '<small>{}</small>')}</td>",
    )
    rows = "\n".join(f"<tr>{''.join(cells)}<td>{seeds}</td></tr>" for *cells, seeds in lines)
    return f"<table><thead>{heading}</thead><tbody>\n{rows}\n</tbody></table>"


def text(words: str) -> str:
    """A label in HTML, with the index of `TP_avg` below the line."""
    return _subscripts(escape(words, quote=False))


def remark(words: str) -> str:
    """A note in HTML, with its commands, which stand between backticks, as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(words, quote=False))


def _subscripts(words: str) -> str:
    return re.sub(SUBSCRIPT, r"<sub>\1</sub>", words)


def _shown(cell: Cell, bold: str, small: str) -> str:
    """`**77.0 ± 0.4** (77.2, -0.2)`."""
    ours = bold.format(cell.ours) if cell.best else cell.ours
    printed = bold.format(cell.published) if cell.best_published else cell.published
    beside = ", ".join(filter(None, (printed, cell.difference)))
    return " ".join(filter(None, (ours, small.format(f"({beside})") if beside else "")))


def values(table: Table) -> str:
    """CSV, unrounded: for every column our mean and deviation, the published value and the difference."""
    columns: dict[str, Any] = {name: table.labels[name] for name in table.headings}
    for group, scores in table.groups.items():
        for score in scores:
            name, cells = f"{group} {score}", table.cells[group, score]
            columns[name] = [cell.mean for cell in cells]
            columns[f"{name} standard deviation"] = [cell.deviation for cell in cells]
            columns[f"{name} published"] = [cell.published for cell in cells]
            columns[f"{name} difference"] = [cell.difference for cell in cells]
        columns[f"{group} seeds"] = table.seeds[group]
    return pd.DataFrame(columns).to_csv(index=False, float_format="%.4f", lineterminator="\n")


def latex(table: Table) -> str:
    """A float with caption, for booktabs and graphicx. Of a row's two lines the first holds ours.

    The second holds the paper's. Notes are comments.
    """
    scores = [score for scores in table.groups.values() for score in scores]
    return _FLOAT.format(
        notes="".join(f"% {' '.join(note.split())}\n" for note in table.notes),
        title=_latex(table.title),
        caption=" ".join(map(_latex, table.caption)),
        name=f"{table.name}{'-synthetic' if table.is_synthetic else ''}",
        columns="l" * len(table.headings) + "c" * len(scores) + "c",
        body="\n".join(
            [
                *_spans(table),
                _line([*map(_latex, table.headings), *scores, "seeds"]),
                r"\midrule",
                *_body(table),
            ]
        ),
    )


def _spans(table: Table) -> tuple[str, str]:
    """The names of the groups above their columns, and the rules below these."""
    spans, rules, start = [], [], len(table.headings) + 1
    for group, scores in table.groups.items():
        spans.append(rf"\multicolumn{{{len(scores)}}}{{c}}{{{_latex(group)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + len(scores) - 1}}}")
        start += len(scores)
    return _line([*[""] * len(table.headings), *spans, ""]), " ".join(rules)


def _body(table: Table) -> list[str]:
    """With a rule between backbones, where these stand in a column of their own."""
    ruled = LAYOUTS[table.name].best_of_backbone and len(table.headings) > 1
    # `ResNet50[13]` and `ResNet50, size as COSAM` are one
    families = table.labels.iloc[:, 0].str.split(r"[\[,]", regex=True).str[0]
    rules = ruled & (families != families.shift(fill_value=families[:1].sum()))
    ours = table.lines(_latex, lambda cell: _bold(_latex(cell.ours), cell.best))
    printed = table.lines(lambda _: "", _printed)
    lines: list[str] = []
    for rule, mine, (*theirs, _) in zip(rules, ours, printed, strict=True):
        lines += [r"\midrule"] if rule else []
        lines.append(_line([*mine[:-1], _latex(mine[-1])]))
        if any(theirs):
            lines.append(_line([*theirs, ""]))
    return lines


def _printed(cell: Cell) -> str:
    difference = cell.difference.replace("-", "$-$").replace("+", "$+$")
    beside = ", ".join(filter(None, (_bold(cell.published, cell.best_published), difference)))
    return rf"{{\footnotesize ({beside})}}" if beside else ""


def _bold(text: str, best: bool) -> str:
    return rf"\textbf{{{text}}}" if best else text


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex(text: str) -> str:
    parts = re.split(SUBSCRIPT, re.sub(r'"([^"]*)"', r"``\1''", text))  # every other one an index
    return "".join(
        rf"\textsubscript{{{part}}}" if number % 2 else "".join(_ESCAPED.get(char, char) for char in part)
        for number, part in enumerate(parts)
    )
