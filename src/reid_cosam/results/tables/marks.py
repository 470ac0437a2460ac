"""The best of each column, in ours and in what the paper prints."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reid_cosam.results.tables.table import Cell, Row

_Place = tuple[str, int, int]  # block, group, metric


def with_best_marked(rows: Sequence[Row], blocks: Sequence[str]) -> list[Row]:
    """The same rows with the best of a block's column marked, as far as one decimal tells.

    `blocks` names each row's. All that are equally good are marked, and none that has nothing beside it.
    """
    ours: dict[_Place, list[float]] = {}
    published: dict[_Place, list[float]] = {}
    for row, block in zip(rows, blocks, strict=True):
        for place, cell in _cells(row, block):
            if cell.mean is not None:
                ours.setdefault(place, []).append(round(cell.mean, 1))
            if cell.published:
                published.setdefault(place, []).append(float(cell.published))
    return [
        replace(
            row, cells=[[_marked(cell, place, ours, published) for place, cell in cells] for cells in groups]
        )
        for row, groups in ((row, _grouped(row, block)) for row, block in zip(rows, blocks, strict=True))
    ]


def _grouped(row: Row, block: str) -> list[list[tuple[_Place, Cell]]]:
    return [
        [((block, group, metric), cell) for metric, cell in enumerate(cells)]
        for group, cells in enumerate(row.cells)
    ]


def _cells(row: Row, block: str) -> Iterator[tuple[_Place, Cell]]:
    for cells in _grouped(row, block):
        yield from cells


def _marked(
    cell: Cell, place: _Place, ours: dict[_Place, list[float]], published: dict[_Place, list[float]]
) -> Cell:
    return replace(
        cell,
        best=cell.mean is not None and _wins(round(cell.mean, 1), ours[place]),
        best_published=bool(cell.published) and _wins(float(cell.published), published[place]),
    )


def _wins(value: float, all_values: list[float]) -> bool:
    return len(all_values) > 1 and value == max(all_values)
