"""Results beside the published numbers: which belongs where, and what is shown there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from reid_cosam.results.tables.layout import LAYOUTS, STAND_INS
from reid_cosam.results.tables.notes import caption, missing, title
from reid_cosam.results.tables.published import PublishedTable
from reid_cosam.results.tables.records import Record, Training, most_common_training
from reid_cosam.results.tables.slots import Group, Slot, paper_slots, synthetic_slots
from reid_cosam.results.tables.summary import Summary, summarise
from reid_cosam.results.tables.table import Cell, Row, Table

ArrangedTable = tuple[Table, Sequence[Record]]
_Found = dict[Slot, list[Record]]
_Column = tuple[str, Group, str]  # the backbone among whose rows the best is marked, group, metric


def on_paper_data(name: str, published: PublishedTable, records: Sequence[Record]) -> ArrangedTable:
    """The table on the data sets of the paper, and the results that belong in it."""
    return _arranged(name, published.headings, paper_slots(published), records)


def on_synthetic(name: str, published: PublishedTable, records: Sequence[Record]) -> ArrangedTable:
    """The table on synthetic sets, and the results that belong in it; no number of the paper stands there."""
    sets = {
        (record.scored.size, record.network.height)
        for record in records
        if record.scored.data == "synthetic" and record.network.backbone in STAND_INS.values()
    }
    return _arranged(name, published.headings, synthetic_slots(published, sorted(sets)), records)


KINDS = {"paper_data": on_paper_data, "synthetic": on_synthetic}


def _arranged(
    name: str, headings: tuple[str, ...], slots: Sequence[Slot], records: Sequence[Record]
) -> ArrangedTable:
    groups = tuple(dict.fromkeys(slot.group for slot in slots))
    belonging, left_out = _trained_alike({slot: _belonging(slot, records) for slot in slots}, records)
    summaries = {
        slot: summarise(found, slot.group.dataset.splits, slot.group.dataset.protocol)
        for slot, found in belonging.items()
    }
    rows = _rows(groups, summaries, LAYOUTS[name].best_of_backbone)
    used = [record for found in belonging.values() for record in found]
    notes = [
        *missing(name, groups, summaries, records),
        *left_out,
        *dict.fromkeys(note for summary in summaries.values() for note in summary.notes),
        *_fewer_seeds(rows),
        *_computed_differently(used),
    ]
    return Table(
        name, title(name, groups), caption(name, groups, summaries), notes, headings, groups, rows
    ), used


def _belonging(slot: Slot, records: Sequence[Record]) -> list[Record]:
    group = slot.group
    wanted = slot.network, slot.reranked, group.data, group.size, group.attribute
    return [
        one
        for one in records
        if one.is_of_the_paper
        and wanted
        == (one.network, one.scored.reranked, one.scored.data, one.scored.size, one.scored.attribute)
    ]


def _trained_alike(candidates: _Found, records: Sequence[Record]) -> tuple[_Found, list[str]]:
    """For every slot the results that were trained like most on its data; and which others are left out.

    Like most of all results, so that all tables show the same. A baseline at its source's size counts apart.
    """
    usual: dict[tuple[str, int], Training | None] = {}
    others: dict[tuple[str, Training], list[Record]] = defaultdict(list)
    belonging: _Found = {slot: [] for slot in candidates}
    for slot, found in candidates.items():
        place = slot.group.place
        for record in found:
            kind = place, record.network.height
            if kind not in usual:
                usual[kind] = most_common_training(one for one in records if _comparable(one, record))
            alike = record.training == usual[kind]
            (belonging[slot] if alike else others[place, record.training]).append(record)
    return belonging, [
        f"{len(left)} results on {place} left out, as most are trained otherwise (theirs: {made[0]} recipe, "
        f"{made[1]} iterations, settings {made[2]}; the first: {left[0].run}); to see them, name their "
        "folders alone: 'runs=[...]'"
        for (place, made), left in others.items()
    ]


def _comparable(one: Record, other: Record) -> bool:
    def sizes(record: Record) -> tuple[object, ...]:
        return record.network.height, record.network.width, record.scored.data, record.scored.size

    return one.is_of_the_paper and sizes(one) == sizes(other)


def _rows(groups: Sequence[Group], summaries: Mapping[Slot, Summary], best_of_backbone: bool) -> list[Row]:
    """The rows, and in them the best of each column: of all rows, or of those of one backbone."""
    by_labels: dict[tuple[str, ...], dict[Group, Slot]] = defaultdict(dict)
    blocks: dict[tuple[str, ...], str] = {}
    for slot in summaries:
        by_labels[slot.labels][slot.group] = slot
        backbone = slot.network.backbone if slot.network and best_of_backbone else ""
        blocks.setdefault(slot.labels, backbone)
    ours = _best(
        ((blocks[slot.labels], slot.group, metric), round(mean, 1))
        for slot, summary in summaries.items()
        for metric, mean in summary.mean.items()
    )
    printed = _best(
        ((blocks[slot.labels], slot.group, metric), float(score))
        for slot in summaries
        for metric, score in slot.published.items()
    )

    def cell(slot: Slot | None, metric: str) -> Cell:
        if slot is None:
            return Cell()
        mean, published = summaries[slot].mean.get(metric), slot.published.get(metric, "")
        column = blocks[slot.labels], slot.group, metric
        return Cell(
            slot.network is not None,
            mean,
            summaries[slot].deviation.get(metric),
            published,
            mean is not None and round(mean, 1) == ours.get(column),
            bool(published) and float(published) == printed.get(column),
        )

    return [
        Row(
            labels,
            [[cell(slots.get(group), metric) for metric in group.metrics] for group in groups],
            [summaries[slots[group]].seeds if group in slots else 0 for group in groups],
        )
        for labels, slots in by_labels.items()
    ]


def _best(scores: Iterable[tuple[_Column, float]]) -> dict[_Column, float]:
    """The greatest of every column that has at least two."""
    columns: dict[_Column, list[float]] = defaultdict(list)
    for column, score in scores:
        columns[column].append(score)
    return {column: max(found) for column, found in columns.items() if len(found) > 1}


def _fewer_seeds(rows: Sequence[Row]) -> list[str]:
    most = max((count for row in rows for count in row.seeds), default=0)
    fewer = [row for row in rows if any(0 < count < most for count in row.seeds)]
    return [f"Fewer than {most} seeds: {' / '.join(row.labels)} ({row.shown_seeds})" for row in fewer]


def _computed_differently(records: Iterable[Record]) -> list[str]:
    """Numbers of one network differ a little between precisions and devices, which readers should know."""
    kinds = Counter({record.run: record.computed for record in records if record.computed}.values())
    if len(kinds) < 2:
        return []
    counts = "; ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))
    return [f"Not all runs were computed alike. {counts}"]
