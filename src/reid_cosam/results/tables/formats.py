"""A table in Markdown, HTML and CSV; `latex` writes the fourth format."""

import csv
import io
import re
from html import escape

from reid_cosam.results.tables.table import SUBSCRIPT, Cell, Row, Table

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


def markdown(table: Table) -> str:
    """As GitHub shows it: title, caption, the table itself, and notes."""
    headings = [*map(_subscripts, table.headings)]
    for group in table.groups:
        prefix = f"{table.group_title(group)} " if len(table.groups) > 1 else ""  # the title has it
        headings += [f"{prefix}{metric}" for metric in group.metrics]
    lines = [[*headings, "seeds"], ["---"] * (len(headings) + 1)]
    for row in table.rows:
        cells = [_shown(cell, "**{}**", "{}") for cells in row.cells for cell in cells]
        lines.append([*map(_subscripts, row.labels), *cells, row.shown_seeds])
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
        f'<th colspan="{len(group.metrics)}">{escape(table.group_title(group))}</th>'
        for group in table.groups
    )
    metrics = "".join(f"<th>{metric}</th>" for group in table.groups for metric in group.metrics)
    heading = f'<tr>{names}{groups}<th rowspan="2">seeds</th></tr><tr>{metrics}</tr>'
    rows = "\n".join(map(_html_row, table.rows))
    return f"<table><thead>{heading}</thead><tbody>\n{rows}\n</tbody></table>"


def _html_row(row: Row) -> str:
    labels = "".join(f'<th scope="row">{text(label)}</th>' for label in row.labels)
    shown = (_shown(cell, "<b>{}</b>", "<small>{}</small>") for cells in row.cells for cell in cells)
    return f"<tr>{labels}{''.join(f'<td>{cell}</td>' for cell in shown)}<td>{row.shown_seeds}</td></tr>"


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
    headings = [*table.headings]
    for group in table.groups:
        title = table.group_title(group)
        for name in (f"{title} {metric}" for metric in group.metrics):
            headings += [name, f"{name} standard deviation", f"{name} published", f"{name} difference"]
        headings.append(f"{title} seeds")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(headings)
    for row in table.rows:
        line: list[object] = [*row.labels]
        for cells, seeds in zip(row.cells, row.seeds, strict=True):
            for cell in cells:
                numbers = ("" if one is None else f"{one:.4f}" for one in (cell.mean, cell.deviation))
                line += [*numbers, cell.published, cell.difference]
            line.append(seeds)
        writer.writerow(line)
    return written.getvalue()
