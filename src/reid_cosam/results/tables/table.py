"""A whole table: what every format shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

SUBSCRIPT = r"(?<=[A-Z])_([a-z]+|[\d,]*\d)"  # of `TP_avg`, `COSAM_4,5`


@dataclass(frozen=True)
class Cell:
    """Ours, and the published value as printed ("" for none), in percent.

    `expected` says whether a result of ours belongs here.
    """

    expected: bool = False
    mean: float | None = None
    deviation: float | None = None
    published: str = ""
    best: bool = False
    best_published: bool = False

    @property
    def ours(self) -> str:
        """`77.0 ± 0.4`, a dash where it is missing, nothing where none belongs."""
        if self.mean is None:
            return "–" if self.expected else ""  # noqa: RUF001, an en dash
        return f"{self.mean:.1f}" + ("" if self.deviation is None else f" ± {self.deviation:.1f}")

    @property
    def difference(self) -> str:
        """Ours minus the published value, signed; nothing without both."""
        if self.mean is None or not self.published:
            return ""
        return f"{round(self.mean - float(self.published), 1) + 0.0:+.1f}"


@dataclass(frozen=True)
class Table:
    """Labels, cells and seeds have the same rows; a group of columns is a data set, or queries of one.

    Attributes:
        caption: what the numbers are.
        notes: what is missing or was left out.
        labels: one column per heading.
        cells: of `Cell`; one column per group and score.
        seeds: how many there are, one column per group.
        results: those that belong in the table.
    """

    name: str
    is_synthetic: bool
    title: str
    caption: Sequence[str]
    notes: Sequence[str]
    labels: pd.DataFrame
    cells: pd.DataFrame
    seeds: pd.DataFrame
    results: pd.DataFrame

    @property
    def groups(self) -> dict[str, list[str]]:
        """The scores of each."""
        return {str(group): [*map(str, self.cells[group])] for group in self.seeds}

    @property
    def headings(self) -> list[str]:
        return [*map(str, self.labels)]

    @property
    def is_sparse(self) -> bool:
        """Whether fewer than half of the cells that results of ours belong in hold one."""
        expected = [cell for cell in self.cells.to_numpy().flat if cell.expected]
        return 2 * sum(cell.mean is not None for cell in expected) < len(expected)

    def lines(self, label: Callable[[str], str], cell: Callable[[Cell], str]) -> list[list[str]]:
        """Rows of text: labels, cells and seeds."""
        rows = zip(self.labels.to_numpy(), self.cells.to_numpy(), self.seeds.to_numpy().tolist(), strict=True)
        return [[*map(label, labels), *map(cell, cells), shown_seeds(seeds)] for labels, cells, seeds in rows]


def shown_seeds(seeds: Sequence[int]) -> str:
    """One number where all groups that have any results agree."""
    counts = [str(count) if count else "–" for count in seeds]  # noqa: RUF001
    return counts[0] if len(set(counts)) == 1 else "/".join(counts)
