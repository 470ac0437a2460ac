"""A table as a page of HTML that needs no other file."""

import re
from html import escape

from reid_cosam.results.tables.table import SUBSCRIPT, Cell, Row, Table

_STYLE = (
    "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
    "th,td{padding:.2em .7em;text-align:right;white-space:nowrap}"
    "th[scope=row]{text-align:left;font-weight:normal}small{color:#555}"
    "thead tr:first-child th{border-top:2px solid}thead tr:last-child th{border-bottom:1px solid}"
    "tbody tr:last-child>*{border-bottom:2px solid}thead th[colspan]{text-align:center}"
    "thead th[rowspan]:not(:last-child){text-align:left}div{overflow-x:auto}p,ul{max-width:60em}"
)


def html(table: Table) -> str:
    """Title, caption, the table itself, and notes."""
    title = text(table.title)
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(table.title)}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f"<p>{' '.join(map(text, table.caption))}</p>",
        f"<div>{table_element(table)}</div>",
        *([f"<ul>{''.join(f'<li>{remark(note)}</li>' for note in table.notes)}</ul>"] if table.notes else []),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def table_element(table: Table) -> str:
    """The table itself."""
    rows = "\n".join(map(_row, table.rows))
    return f"<table><thead>{_heading(table)}</thead><tbody>\n{rows}\n</tbody></table>"


def _heading(table: Table) -> str:
    names = "".join(f'<th rowspan="2">{text(name)}</th>' for name in table.headings)
    groups = "".join(
        f'<th colspan="{len(group.metrics)}">{escape(table.group_title(group))}</th>'
        for group in table.groups
    )
    metrics = "".join(f"<th>{metric}</th>" for group in table.groups for metric in group.metrics)
    return f'<tr>{names}{groups}<th rowspan="2">seeds</th></tr><tr>{metrics}</tr>'


def _row(row: Row) -> str:
    labels = "".join(f'<th scope="row">{text(label)}</th>' for label in row.labels)
    cells = "".join(f"<td>{_cell(cell)}</td>" for cells in row.cells for cell in cells)
    return f"<tr>{labels}{cells}<td>{row.shown_seeds}</td></tr>"


def _cell(cell: Cell) -> str:
    ours = f"<b>{cell.ours}</b>" if cell.best else cell.ours
    printed = f"<b>{cell.published}</b>" if cell.best_published else cell.published
    beside = ", ".join(filter(None, (printed, cell.difference)))
    return " ".join(filter(None, (ours, f"<small>({beside})</small>" if beside else "")))


def text(words: str) -> str:
    """A label, with the index of `TP_avg` below the line."""
    return re.sub(SUBSCRIPT, r"<sub>\1</sub>", escape(words, quote=False))


def remark(words: str) -> str:
    """A note, with its commands, which stand between backticks, as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(words, quote=False))
