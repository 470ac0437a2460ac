"""A table before any result of ours stands in it: rows, columns, and which network belongs in which place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reid_cosam.results.tables.layout import (
    HEIGHT,
    LAST_STRIDES,
    PAPER_DATA,
    STAND_INS,
    SYNTHETIC,
    WIDTH,
    DataSet,
    stand_in,
)
from reid_cosam.results.tables.published import PublishedRow, PublishedTable
from reid_cosam.results.tables.records import SCORES, Network

AS_COSAM = "size as COSAM"


@dataclass(frozen=True)
class Group:
    """Columns that belong together: a data set, or a group of its queries; `place` is its name in print.

    `height` is that of its images in the rows with COSAM.
    """

    data: str
    size: str
    attribute: str
    dataset: DataSet
    metrics: tuple[str, ...]
    place: str
    height: int


@dataclass(frozen=True)
class Slot:
    """Where a row meets a group: what is trained for it (None: nothing), what is printed there in percent."""

    network: Network | None
    reranked: bool
    published: Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """A row; `block` is the backbone among whose rows the best is marked."""

    labels: tuple[str, ...]
    block: str
    slots: Mapping[Group, Slot]


@dataclass(frozen=True)
class Skeleton:
    headings: tuple[str, ...]
    groups: tuple[Group, ...]
    lines: tuple[Line, ...]


def paper_skeleton(published: PublishedTable) -> Skeleton:
    """On the data sets of the paper."""
    rows = _with_twins(published.rows)
    placed = []
    for row in rows:
        known = PAPER_DATA[row.data]
        group = Group(row.data, "", row.attribute, known, _metrics(published, row), known.name, HEIGHT)
        placed.append((group, row))
    return _skeleton(published.headings, placed)


def synthetic_skeleton(published: PublishedTable, sets: Sequence[tuple[str, int]]) -> Skeleton:
    """On synthetic sets, small backbones in place of the paper's, and without a number of the paper's.

    Every row is trained like those with COSAM: there is no other source to be compared with. `sets` are sizes
    and the height of their images, which are half as wide.
    """
    first: dict[tuple[object, ...], PublishedRow] = {}
    for row in _with_twins(published.rows):
        if row.network is not None and row.network.height == HEIGHT:
            first.setdefault((row.labels, row.attribute), row)
    placed = [
        (
            Group(
                *("synthetic", size, row.attribute, SYNTHETIC, _metrics(published, row)),
                *(f"synthetic {size} at {height}x{height // 2}", height),
            ),
            _on_synthetic(row, height),
        )
        for row in first.values()
        for size, height in sets
    ]
    return _skeleton(published.headings, placed)


def _skeleton(headings: tuple[str, ...], placed: Sequence[tuple[Group, PublishedRow]]) -> Skeleton:
    slots: dict[tuple[str, ...], dict[Group, Slot]] = {}
    for group, row in placed:
        slots.setdefault(row.labels, {})[group] = Slot(row.network, row.reranked, row.scores)
    groups = dict.fromkeys(group for group, _ in placed)
    lines = (Line(labels, _block(held), held) for labels, held in slots.items())
    return Skeleton(headings, tuple(groups), tuple(lines))


def _block(held: Mapping[Group, Slot]) -> str:
    network = next(iter(held.values())).network
    return network.backbone if network else ""


def _metrics(published: PublishedTable, of: PublishedRow) -> tuple[str, ...]:
    same = [row for row in published.rows if (row.data, row.attribute) == (of.data, of.attribute)]
    return tuple(name for name in SCORES if any(name in row.scores for row in same))


def _with_twins(rows: Sequence[PublishedRow]) -> list[PublishedRow]:
    """The rows; after each whose source trained at another size, one at the size of the COSAM rows."""
    by_label: dict[tuple[str, ...], list[PublishedRow]] = {}
    for row in rows:
        by_label.setdefault(row.labels, []).append(row)
        if row.network is not None and row.network.height != HEIGHT:
            stride = LAST_STRIDES[row.network.agg]
            network = replace(row.network, height=HEIGHT, width=WIDTH, last_stride=stride)
            twin = replace(row, labels=_twin_labels(row.labels), network=network, scores={})
            by_label.setdefault(twin.labels, []).append(twin)
    return [row for same in by_label.values() for row in same]


def _twin_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """`No COSAM [13]` becomes `No COSAM, size as COSAM`."""
    return tuple(
        f"{label.replace('[13]', '').strip(' +')}, {AS_COSAM}" if "[13]" in label else label
        for label in labels
    )


def _on_synthetic(row: PublishedRow, height: int) -> PublishedRow:
    """The row's stand-in on images of this height."""
    assert row.network is not None
    backbone = STAND_INS[row.network.backbone]
    network = replace(row.network, backbone=backbone, height=height, width=height // 2)
    labels = tuple(stand_in(label.removesuffix(f", {AS_COSAM}")) for label in row.labels)
    return replace(row, labels=labels, network=network, scores={})
