"""A table before it holds any result of ours: which network belongs in which row and group of columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reid_cosam.results.run_settings import NetworkSpec
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


@dataclass(frozen=True, eq=False)
class Slot:
    """Where a row meets a group: what is trained for it (None: nothing), what is printed there in percent."""

    labels: tuple[str, ...]
    group: Group
    network: NetworkSpec | None
    reranked: bool
    published: Mapping[str, str]


def paper_slots(published: PublishedTable) -> list[Slot]:
    """On the data sets of the paper."""
    slots = []
    for row in _with_twins(published.rows):
        known = PAPER_DATA[row.data]
        group = Group(row.data, "", row.attribute, known, published.metrics(row), known.name, HEIGHT)
        slots.append(Slot(row.labels, group, row.network, row.reranked, row.scores))
    return slots


def synthetic_slots(published: PublishedTable, sets: Sequence[tuple[str, int]]) -> list[Slot]:
    """On synthetic sets, small backbones in place of the paper's, and without a number of the paper's.

    Every row is trained like those with COSAM: there is no other source to be compared with. `sets` are sizes
    and the height of their images, which are half as wide.
    """
    first: dict[tuple[object, ...], Slot] = {}
    for row in _with_twins(published.rows):
        if row.network is None or row.network.height != HEIGHT:
            continue
        labels = tuple(stand_in(label.removesuffix(f", {AS_COSAM}")) for label in row.labels)
        for size, height in sets:
            width = height // 2
            backbone = STAND_INS[row.network.backbone]
            network = replace(row.network, backbone=backbone, height=height, width=width)
            place = f"synthetic {size} at {height}x{width}"
            group = Group(
                *("synthetic", size, row.attribute, SYNTHETIC, published.metrics(row), place, height)
            )
            slot = Slot(labels, group, network, row.reranked, {})
            first.setdefault((row.labels, row.attribute, size, height), slot)
    return list(first.values())


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
