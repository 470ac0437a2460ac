"""The page itself: everything that a report holds, put into its template."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from reid_cosam.results.figures.plots import curves_plot, effect_plot
from reid_cosam.results.report.curves import Panel, panels
from reid_cosam.results.report.effects import Effect, effects
from reid_cosam.results.report.lists import FrameReader, representatives, shown_lists
from reid_cosam.results.report.pictures import strip, svg_address
from reid_cosam.results.report.runs import Run
from reid_cosam.results.tables.html import table_element, text
from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.table import Table

_STRIPS = 12
_PICTURE = Path("pictures", "attention.png")

ArrangedTable = tuple[Table, Sequence[Record]]


@dataclass(frozen=True)
class Picture:
    """An image on the page, what stands for it where it is not seen, and the caption."""

    address: str
    alt: str
    caption: str
    width: int | None = None
    height: int | None = None
    anchor: str = ""


def pieces(runs: Sequence[Run]) -> int:
    """How many pieces of work `page` counts."""
    return len(panels(runs)) + len(effects(runs)) + len(_strips(runs)) + len(representatives(runs))


def page(
    runs: Sequence[Run],
    tables: Sequence[ArrangedTable],
    faults: Sequence[str],
    read_frame: FrameReader,
    made: str,
    advance: Callable[[int], None],
) -> str:
    """HTML without other files.

    Args:
        runs: finished training runs.
        tables: the paper's tables with the results behind them.
        faults: what was left out, and why.
        made: when and by which version.
        advance: called with 1 after each of `pieces`.
    """

    def done(piece: Any) -> Any:
        advance(1)
        return piece

    folders = {str(run.folder): run for run in runs}
    content = {
        "made": made,
        "runs": sorted(runs, key=lambda run: (run.data, str(run.network), run.seed)),
        "faults": faults,
        "synthetic": sum(run.is_synthetic for run in runs),
        "commits": Counter(_commit(run) for run in runs),
        "tables": [_table(table, records, folders) for table, records in tables],
        "effects": [done(_effect(effect)) for effect in effects(runs)],
        "curves": [done(_panel(panel)) for panel in panels(runs)],
        "strips": [done(_strip(run)) for run in _strips(runs)],
        "lists": [
            shown
            for run in representatives(runs)
            if (shown := done(shown_lists(run, read_frame))) is not None
        ],
        "common": _common(runs),
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html").render(content) + "\n"


def _table(table: Table, records: Sequence[Record], folders: dict[str, Run]) -> dict[str, Any]:
    behind = list(dict.fromkeys(record.run for record in records))
    return {
        "anchor": f"{table.name}-{'synthetic' if 'ynthetic' in table.title else 'paper'}",
        "title": Markup(text(table.title)),
        "caption": Markup(" ".join(map(text, table.caption))),
        "table": Markup(table_element(table)),
        "notes": table.notes,
        "runs": [folders[name] for name in behind if name in folders],
    }


def _effect(effect: Effect) -> Picture:
    plot = effect_plot(effect.values, [(one.label, one.scores) for one in effect.series], effect.varied)
    lines = [
        f"{one.label}: "
        + ", ".join(f"{value} {sum(found) / len(found):.1f}" for value, found in one.scores.items())
        for one in effect.series
    ]
    name = effect.varied[0].upper() + effect.varied[1:]
    caption = f"{name}, on {effect.data}. Within a line all other settings are the same."
    return Picture(
        svg_address(plot), f"mAP in percent by {effect.varied}. " + "; ".join(lines) + ".", caption
    )


def _panel(panel: Panel) -> Picture:
    plot = curves_plot([(one.label, one.iterations, one.values) for one in panel.curves], panel.quantity)
    last = ", ".join(f"{one.label} {one.values[:, -1].mean():.2f}" for one in panel.curves)
    seeds = max(len(one.values) for one in panel.curves)
    caption = f"{panel.title} ({seeds} {'seed' if seeds == 1 else 'seeds'})"
    return Picture(svg_address(plot), f"{panel.quantity} over iterations; at the end {last}.", caption)


def _strips(runs: Sequence[Run]) -> list[Run]:
    """The first seed of every network that has a picture of its attention, the best networks first."""
    first: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        if (run.folder / _PICTURE).is_file():
            first.setdefault((run.data, str(run.network)), run)
    return sorted(first.values(), key=lambda run: -run.mean_ap)[:_STRIPS]


def _strip(run: Run) -> Picture:
    address, width, height = strip(run.folder / _PICTURE)
    covered = run.metrics.get("attention") or {}
    said = "; ".join(
        f"block {block}: mean mask {mask['inside']:.2f} on the person, {mask['outside']:.2f} beside"
        for block, mask in covered.items()
    )
    caption = f"{run.network}, seed {run.seed}, on {run.data}: mAP {100 * run.mean_ap:.1f}. {said}"
    alt = f"Frames of clips and the attention masks of {run.network} laid over them"
    return Picture(address, alt, caption, width, height, run.anchor)


def _commit(run: Run) -> str:
    git = run.environment.get("git") or {}
    if not git.get("commit"):
        return "an unknown commit"
    return f"{git['commit'][:10]}{' with uncommitted changes' if git.get('dirty') else ''}"


def _common(runs: Sequence[Run]) -> dict[str, Any]:
    """The settings that all runs share."""
    first = runs[0].settings
    return {
        name: value for name, value in first.items() if all(run.settings.get(name) == value for run in runs)
    }
