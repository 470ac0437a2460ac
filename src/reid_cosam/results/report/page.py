"""The report: everything that runs hold on one page of HTML, which needs no other file."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

import reid_cosam
from reid_cosam.results.analysis import blocks_text, score_cells, share_text
from reid_cosam.results.counted_progress import counted
from reid_cosam.results.faults import noting
from reid_cosam.results.report.analyses import ShownAnalysis, analyses
from reid_cosam.results.report.compare import common, varied
from reid_cosam.results.report.curves import panels
from reid_cosam.results.report.effects import effects
from reid_cosam.results.report.lists import FrameReader, representatives, shown_lists
from reid_cosam.results.report.pictures import ATTENTION, attention_picture, effect_picture, panel_picture
from reid_cosam.results.run_settings import placement
from reid_cosam.results.runs import Run
from reid_cosam.results.store import read_record, write_text
from reid_cosam.results.summary import how_scored
from reid_cosam.results.tables.arrange import KINDS
from reid_cosam.results.tables.formats import remark, table_element, text
from reid_cosam.results.tables.paper import published_tables
from reid_cosam.results.tables.read import from_places, no_finished_run
from reid_cosam.results.tables.table import Table
from reid_cosam.settings.train import part_name

_STRIPS = 12


def write_report(places: Sequence[Path], out: Path, read_frame: FrameReader) -> None:
    """Reads all runs, writes the page, prints where it is and what was left out.

    Args:
        places: folders of runs, or files such as results.csv.
        read_frame: reads a frame for the ranked lists.

    Raises:
        ValueError, OSError: there are no runs; the message says what to do.
    """
    results, runs, faults = from_places(places)
    runs = [_with_environment(run, faults) for run in runs]
    print(f"{len(runs)} finished {'run' if len(runs) == 1 else 'runs'}")
    if not runs:
        print("\n".join(faults), end="\n" if faults else "")
        raise no_finished_run(", ".join(map(str, places)))
    arranged = (
        kind(name, published, results)
        for name, published in published_tables().items()
        for kind in KINDS.values()
    )
    tables = [table for table in arranged if len(table.results)]
    write_text(out, page(runs, tables, faults, read_frame, analyses(places, runs, faults)))
    print("\n".join(faults), end="\n" if faults else "")
    print(f"report: {out} ({out.stat().st_size / 1e6:.1f} MB, needs no other file)")


def _with_environment(run: Run, faults: list[str]) -> Run:
    path = run.folder / "environment.json"
    with noting(faults, path):
        return replace(run, environment=read_record(path))
    return run


def page(
    runs: Sequence[Run],
    tables: Sequence[Table],
    faults: list[str],
    read_frame: FrameReader,
    analysed: Sequence[ShownAnalysis] = (),
) -> str:
    """HTML without other files.

    Args:
        runs: the finished runs, at least one.
        tables: the paper's tables.
        faults: what was left out, and why; gets what is left out here.
        read_frame: reads a frame for the ranked lists.
        analysed: analyses of the runs' attention.
    """
    sections: dict[str, list[Any]] = {"effects": [], "curves": [], "strips": [], "lists": []}
    pieces: list[tuple[str, str, Callable[[Any], Any], Any]] = [
        *(("effects", f"the effect of the {one.varied}", effect_picture, one) for one in effects(runs)),
        *(("curves", f"the curves of {one.title}", panel_picture, one) for one in panels(runs, faults)),
        *(
            ("strips", f"the picture of attention of {run.folder}", attention_picture, run)
            for run in _strips(runs)
        ),
        *(
            ("lists", f"the ranked lists of {run.folder}", partial(shown_lists, read_frame=read_frame), run)
            for run in representatives(runs)
        ),
    ]
    with counted(len(pieces), "parts of the page") as advance:
        for section, what, make, source in pieces:
            with noting(faults, what):
                sections[section].append(make(source))
            advance(1)
    faults += [
        f"{one.missing} tracklets in the ranked lists of {one.run.folder} have no picture: "
        f"their images are not in {one.root}, or cannot be read"
        for one in sections["lists"]
        if one.missing
    ]
    folders = {str(run.folder): run for run in runs}
    content = {
        "made": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M UTC} by reid_cosam {reid_cosam.__version__}",
        "runs": sorted(runs, key=lambda run: (run.data, str(run.network), run.seed)),
        "synthetic": sum(run.is_synthetic for run in runs),
        "commits": Counter(map(_commit, runs)),
        "tables": [_table(table, folders) for table in tables],
        "common": common(runs),
        "varied": varied(runs),
        "printed": _printed,
        "how_scored": {run.anchor: how_scored([run.metrics]) for run in runs},
        "faults": faults,
        "analyses": analysed,
        "blocks_text": blocks_text,
        "score_cells": score_cells,
        "share_text": share_text,
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html").render(content | sections) + "\n"


def _printed(setting: str, value: Any) -> Any:
    """A setting's value as a reader knows it: `[4,5]`, the name of a class without its module."""
    if setting.endswith("._target_"):
        return part_name({"_target_": value})
    return placement(value) if isinstance(value, list) else value


def _table(table: Table, folders: Mapping[str, Run]) -> dict[str, Any]:
    return {
        "anchor": f"{table.name}-{'synthetic' if table.is_synthetic else 'paper'}",
        "title": Markup(text(table.title)),
        "caption": Markup(" ".join(map(text, table.caption))),
        "table": Markup(table_element(table)),
        "is_sparse": table.is_sparse,
        "notes": [Markup(remark(note)) for note in table.notes],
        "runs": [folders[name] for name in table.results["run"].unique() if name in folders],
    }


def _strips(runs: Sequence[Run]) -> list[Run]:
    """The first seed of every network that has a picture of its attention, the best networks first."""
    first: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        if (run.folder / ATTENTION).is_file():
            first.setdefault((run.data_set, str(run.network)), run)
    return sorted(first.values(), key=lambda run: -run.mean_ap)[:_STRIPS]


def _commit(run: Run) -> str:
    git = run.environment.get("git") or {}
    if not git.get("commit"):
        return "an unknown commit"
    return f"{git['commit'][:10]}{' with uncommitted changes' if git.get('dirty') else ''}"
