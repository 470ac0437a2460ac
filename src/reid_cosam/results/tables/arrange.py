"""Results beside the published numbers: which stands where, and what it comes to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reid_cosam.results.tables.advice import missing
from reid_cosam.results.tables.caption import caption, title
from reid_cosam.results.tables.cells import Summary, summarise
from reid_cosam.results.tables.layout import LAYOUTS, STAND_INS
from reid_cosam.results.tables.marks import with_best_marked
from reid_cosam.results.tables.published import PublishedTable
from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.skeleton import (
    Group,
    Skeleton,
    Slot,
    paper_skeleton,
    synthetic_skeleton,
)
from reid_cosam.results.tables.table import Cell, Row, Table
from reid_cosam.results.tables.training import Training, as_the_paper, most_common, training


def on_paper_data(
    name: str, published: PublishedTable, records: Sequence[Record]
) -> tuple[Table, list[Record]]:
    """The table on the data sets of the paper, and the results that belong in it."""
    return _filled(name, paper_skeleton(published), records)


def on_synthetic(
    name: str, published: PublishedTable, records: Sequence[Record]
) -> tuple[Table, list[Record]]:
    """The table on synthetic sets, and the results that belong in it; no number of the paper stands there."""
    return _filled(name, synthetic_skeleton(published, _synthetic_sets(records)), records)


def _synthetic_sets(records: Sequence[Record]) -> list[tuple[str, int]]:
    """Sizes of synthetic sets, and heights of their images."""
    found = {
        (record.scored.size, record.network.height)
        for record in records
        if record.scored.data == "synthetic" and record.network.backbone in STAND_INS.values()
    }
    return sorted(found)


def _filled(name: str, skeleton: Skeleton, records: Sequence[Record]) -> tuple[Table, list[Record]]:
    candidates = {
        (number, group): _belonging(slot, group, records)
        for number, line in enumerate(skeleton.lines)
        for group, slot in line.slots.items()
    }
    belonging, others = _trained_alike(candidates, records)
    counted = {place: _summary(found, place[1]) for place, found in belonging.items()}
    rows = [
        Row(
            line.labels,
            [_cells(group, line.slots.get(group), counted.get((number, group))) for group in skeleton.groups],
            [counted[number, group].seeds if group in line.slots else 0 for group in skeleton.groups],
        )
        for number, line in enumerate(skeleton.lines)
    ]
    blocks = [line.block if LAYOUTS[name].best_of_backbone else "" for line in skeleton.lines]
    table = Table(
        name,
        title(name, skeleton.groups),
        caption(name, skeleton, counted),
        [
            *missing(name, skeleton, counted, records),
            *others,
            *_notes(counted.values()),
            *_fewer_seeds(rows),
            *_computed_differently([one for found in belonging.values() for one in found]),
        ],
        skeleton.headings,
        skeleton.groups,
        with_best_marked(rows, blocks),
    )
    return table, [record for found in belonging.values() for record in found]


_Found = dict[tuple[int, Group], list[Record]]


def _trained_alike(candidates: _Found, records: Sequence[Record]) -> tuple[_Found, list[str]]:
    """Of every place of the table the results that were trained like most on its data; which others are not.

    Most of all results, so that all tables show the same. A baseline at its source's size counts by itself.
    """
    chosen: dict[tuple[str, int], Training | None] = {}
    others: dict[tuple[str, Training], list[Record]] = {}
    belonging: _Found = {}
    for (number, group), found in candidates.items():
        belonging[number, group] = []
        for record in found:
            kind = group.place, record.network.height
            if kind not in chosen:
                chosen[kind] = most_common(one for one in records if _comparable(one, record))
            made = training(record)
            alike = made == chosen[kind]
            (belonging[number, group] if alike else others.setdefault((group.place, made), [])).append(record)
    return belonging, [
        f"{len(left)} results on {place} left out, as most are trained otherwise (theirs: {made[0]} recipe, "
        f"{made[1]} iterations, settings {made[2]}; the first: {left[0].run}); to see them, name their "
        "folders alone: 'runs=[...]'"
        for (place, made), left in others.items()
    ]


def _comparable(one: Record, other: Record) -> bool:
    sizes = one.network.height, one.network.width, one.scored.data, one.scored.size
    return as_the_paper(one) and sizes == (
        *(other.network.height, other.network.width, other.scored.data, other.scored.size),
    )


def _belonging(slot: Slot, group: Group, records: Sequence[Record]) -> list[Record]:
    wanted = (slot.network, slot.reranked, group.data, group.size, group.attribute)
    return [
        one for one in records if slot.network is not None and _place(one) == wanted and as_the_paper(one)
    ]


def _place(record: Record) -> tuple[object, ...]:
    scored = record.scored
    return record.network, scored.reranked, scored.data, scored.size, scored.attribute


def _summary(found: Sequence[Record], group: Group) -> Summary:
    asked_for = group.dataset.protocol
    others = [one for one in found if one.scored.protocol != asked_for]
    summary = summarise([one for one in found if one.scored.protocol == asked_for], group.dataset.splits)
    notes = [f"{one} left out: protocol {one.scored.protocol}, not {asked_for}" for one in others]
    return replace(summary, notes=[*notes, *summary.notes])


def _fewer_seeds(rows: Sequence[Row]) -> list[str]:
    most = max((count for row in rows for count in row.seeds), default=0)
    fewer = [row for row in rows if any(0 < count < most for count in row.seeds)]
    return [f"Fewer than {most} seeds: {' / '.join(row.labels)} ({row.shown_seeds})" for row in fewer]


def _computed_differently(records: Sequence[Record]) -> list[str]:
    """Numbers of one network differ between precisions and devices, by little; readers are to know."""
    runs = {record.run: record.computed for record in records if record.computed}
    kinds = Counter(runs.values())
    if len(kinds) < 2:
        return []
    counts = "; ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))
    return [f"Not all runs were computed alike. {counts}"]


def _notes(summaries: Iterable[Summary]) -> list[str]:
    return list(dict.fromkeys(note for summary in summaries for note in summary.notes))


def _cells(group: Group, slot: Slot | None, summary: Summary | None) -> list[Cell]:
    if slot is None or summary is None:
        return [Cell() for _ in group.metrics]
    return [
        Cell(
            slot.network is not None,
            summary.mean.get(name),
            summary.deviation.get(name),
            slot.published.get(name, ""),
        )
        for name in group.metrics
    ]
