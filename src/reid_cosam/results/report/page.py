"""The page itself: everything that a report holds, put into its template."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from reid_cosam.results.faults import noting
from reid_cosam.results.figures.plots import curves_plot, effect_plot
from reid_cosam.results.report.curves import Panel, panels
from reid_cosam.results.report.effects import Effect, effects
from reid_cosam.results.report.lists import FrameReader, ShownLists, representatives, shown_lists
from reid_cosam.results.report.pictures import strip, svg_address
from reid_cosam.results.report.runs import Run, common, varied
from reid_cosam.results.tables.html import remark, table_element, text
from reid_cosam.results.tables.records import Record, placement
from reid_cosam.results.tables.table import Table

_STRIPS = 12
_PICTURE = Path("pictures", "attention.png")

ArrangedTable = tuple[Table, Sequence[Record]]


@dataclass(frozen=True)
class Picture:
    """An image on the page, what stands for it where it is not seen, the caption, and the runs behind it."""

    address: str
    alt: str
    caption: str
    runs: Sequence[Run]
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Outline:
    """What a page will show of the finished runs. Its length is the number of pieces that take time."""

    runs: Sequence[Run]
    effects: Sequence[Effect]
    panels: Sequence[Panel]
    strips: Sequence[Run]
    listed: Sequence[Run]

    def __len__(self) -> int:
        return len(self.effects) + len(self.panels) + len(self.strips) + len(self.listed)


def outline(runs: Sequence[Run], faults: list[str]) -> Outline:
    """Chooses it; `faults` gets what is left out because it is damaged, and why."""
    return Outline(runs, effects(runs), panels(runs, faults), _strips(runs), representatives(runs))


def page(
    shown: Outline,
    tables: Sequence[ArrangedTable],
    faults: list[str],
    read_frame: FrameReader,
    made: str,
    advance: Callable[[int], None],
) -> str:
    """HTML without other files.

    Args:
        shown: the finished runs, at least one.
        tables: the paper's tables with the results behind them.
        faults: what was left out, and why; gets what is left out here.
        read_frame: reads a frame for the ranked lists.
        made: when and by which version.
        advance: called with 1 after each piece of `shown`.
    """

    def each(name: Callable[[Any], str], work: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
        found = []
        for piece in pieces:
            with noting(faults, name(piece)):
                found.append(work(piece))
            advance(1)
        return found

    folders = {str(run.folder): run for run in shown.runs}
    runs = sorted(shown.runs, key=lambda run: (run.data, str(run.network), run.seed))
    lists: list[ShownLists] = each(
        lambda run: f"the ranked lists of {run.folder}",
        lambda run: shown_lists(run, read_frame),
        shown.listed,
    )
    faults += _missing_pictures(lists)
    content = {
        "made": made,
        "runs": runs,
        "synthetic": sum(run.is_synthetic for run in runs),
        "commits": Counter(_commit(run) for run in runs),
        "tables": [_table(table, records, folders) for table, records in tables],
        "effects": each(lambda effect: f"the effect of the {effect.varied}", _effect, shown.effects),
        "curves": each(lambda panel: f"the curves of {panel.title}", _panel, shown.panels),
        "strips": each(lambda run: f"the picture of attention of {run.folder}", _strip, shown.strips),
        "lists": lists,
        "common": common(runs),
        "varied": varied(runs),
        "shown": lambda value: placement(value) if isinstance(value, list) else value,
        "faults": faults,
    }
    return _rendered(content)


def _rendered(content: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html").render(content) + "\n"


def _missing_pictures(lists: Sequence[ShownLists]) -> list[str]:
    return [
        f"{one.missing} tracklets in the ranked lists of {one.run.folder} have no picture: "
        f"their images are not in {one.root}, or cannot be read"
        for one in lists
        if one.missing
    ]


def _table(table: Table, records: Sequence[Record], folders: dict[str, Run]) -> dict[str, Any]:
    behind = list(dict.fromkeys(record.run for record in records))
    return {
        "anchor": f"{table.name}-{'synthetic' if table.is_synthetic else 'paper'}",
        "title": Markup(text(table.title)),
        "caption": Markup(" ".join(map(text, table.caption))),
        "table": Markup(table_element(table)),
        "notes": [Markup(remark(note)) for note in table.notes],
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
    caption = f"{name}, on {effect.data}. Of one colour and marker all other settings are the same."
    alt = f"mAP in percent by {effect.varied}. {'; '.join(lines)}."
    return Picture(svg_address(plot), alt, caption, [run for one in effect.series for run in one.runs])


def _panel(panel: Panel) -> Picture:
    plot = curves_plot([(one.label, one.iterations, one.values) for one in panel.curves], panel.quantity)
    last = ", ".join(f"{one.label} {one.values[:, -1].mean():.2f}" for one in panel.curves)
    counts = sorted({len(one.values) for one in panel.curves})
    runs = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    caption = f"{panel.title}; {runs} {'run' if counts[-1] == 1 else 'runs'} a curve"
    alt = f"{panel.quantity} over iterations; at the end {last}."
    return Picture(svg_address(plot), alt, caption, [run for one in panel.curves for run in one.runs])


def _strips(runs: Sequence[Run]) -> list[Run]:
    """The first seed of every network that has a picture of its attention, the best networks first."""
    first: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        if (run.folder / _PICTURE).is_file():
            first.setdefault((run.data_set, str(run.network)), run)
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
    return Picture(address, alt, caption, [run], width, height)


def _commit(run: Run) -> str:
    git = run.environment.get("git") or {}
    if not git.get("commit"):
        return "an unknown commit"
    return f"{git['commit'][:10]}{' with uncommitted changes' if git.get('dirty') else ''}"
