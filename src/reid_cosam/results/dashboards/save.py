"""Workspace and reports saved at Weights & Biases, or written as specifications: what the command does."""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from reid_cosam.results.dashboards.panels import workspace
from reid_cosam.results.dashboards.report import report
from reid_cosam.results.store import write_json
from reid_cosam.results.tables.paper import published_tables


def save_dashboards(project: str, tables: Collection[str], dry_run_folder: Path | None) -> None:
    """Saves them and prints their addresses or, in a dry run, writes what would be sent.

    Args:
        project: `entity/name`.
        tables: the tables that get a report.
        dry_run_folder: where specifications are written; None for no dry run.

    Raises:
        ValueError: there is no login, or Weights & Biases refuses; the message says what to do.
    """
    entity, _, name = project.partition("/")
    published = {table: one for table, one in published_tables().items() if table in tables}
    made = {"workspace": workspace(entity, name)}
    made |= {table: report(entity, name, table, one) for table, one in published.items()}
    for title, one in made.items():
        if dry_run_folder is None:
            print(f"{title}: {_saved(one)}")
        else:
            write_json(dry_run_folder / f"{title}.json", specification(one))
    if dry_run_folder is not None:
        print(f"nothing sent; written: {dry_run_folder}/{{{','.join(made)}}}.json")


def _saved(made: Any) -> str:
    """Its address, once it is saved. The library reports everything by bare exceptions."""
    try:
        made.save()
        return str(made.url)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"Weights & Biases rejected it: {reason}. `wandb login` first, and check "
            "project=entity/name; --dry-run needs neither"
        ) from error


def specification(made: Any) -> dict[str, Any]:
    """What would be sent, as plain containers; random names are numbered, so that all runs give the same."""
    numbers: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return f'"{found[1]}":"{numbers.setdefault(found[2], f"made-up-{len(numbers) + 1}")}"'

    text = made._to_model().model_dump_json(by_alias=True, exclude_none=True)
    content = json.loads(re.sub(r'"(id|__id__)":"([^"]+)"', numbered, text))
    return {name: value for name, value in content.items() if name not in ("createdAt", "updatedAt")}
